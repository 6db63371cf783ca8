package link

import (
	"io"
	"net"
	"sync"

	"sandkeep.dev/agent/internal/handover"
)

// greeting is the one byte that goes with the descriptors.
const greeting = 1

// takeovers is a listener whose connections are the descriptors that Connect hands over.
type takeovers struct {
	*net.UnixListener
	connections chan net.Conn
	closed      chan struct{}
	close       func()
}

func takeOver(listener *net.UnixListener) *takeovers {
	t := &takeovers{UnixListener: listener, connections: make(chan net.Conn), closed: make(chan struct{})}
	t.close = sync.OnceFunc(func() { close(t.closed) })
	go handover.Each(listener, t.receive)
	return t
}

func (t *takeovers) Accept() (net.Conn, error) {
	select {
	case connection := <-t.connections:
		return connection, nil
	case <-t.closed:
		return nil, net.ErrClosed
	}
}

func (t *takeovers) Close() error {
	t.close()
	return t.UnixListener.Close()
}

func (t *takeovers) receive(control *net.UnixConn) {
	_, in, out, err := handover.Take(control, make([]byte, 1))
	if err != nil {
		_ = control.Close()
		return
	}
	connection := newConnection(in, out, control)
	select {
	case t.connections <- connection:
	case <-t.closed:
		_ = connection.Close()
		return
	}
	// Connect never says anything more: this is its end.
	_, _ = io.Copy(io.Discard, control)
	_ = connection.Close()
}
