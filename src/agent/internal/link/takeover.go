package link

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// handOver is the one byte that goes with the descriptors.
const handOver = 1

// handOverTime is how long who has connected may take to hand over.
const handOverTime = 5 * time.Second

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
	go t.run()
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

func (t *takeovers) run() {
	for {
		control, err := t.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// No descriptor left: there will be one when a connection ends.
			time.Sleep(10 * time.Millisecond)
			continue
		}
		go t.receive(control)
	}
}

func (t *takeovers) receive(control *net.UnixConn) {
	_ = control.SetReadDeadline(time.Now().Add(handOverTime))
	in, out, err := receiveFiles(control)
	if err != nil {
		_ = control.Close()
		return
	}
	_ = control.SetReadDeadline(time.Time{})
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

var errNoFiles = errors.New("no two descriptors were handed over")

func receiveFiles(control *net.UnixConn) (in, out *os.File, err error) {
	oob := make([]byte, syscall.CmsgSpace(16*4))
	_, n, _, _, err := control.ReadMsgUnix(make([]byte, 1), oob)
	if err != nil {
		return nil, nil, err
	}
	messages, err := syscall.ParseSocketControlMessage(oob[:n])
	if err != nil {
		return nil, nil, err
	}
	var fds []int
	for _, message := range messages {
		rights, _ := syscall.ParseUnixRights(&message)
		fds = append(fds, rights...)
	}
	if len(fds) != 2 {
		for _, fd := range fds {
			_ = syscall.Close(fd)
		}
		return nil, nil, errNoFiles
	}
	for _, fd := range fds {
		_ = syscall.SetNonblock(fd, true)
	}
	return os.NewFile(uintptr(fds[0]), "link"), os.NewFile(uintptr(fds[1]), "link"), nil
}
