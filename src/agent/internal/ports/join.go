package ports

import (
	"context"
	"io"
	"net"
	"sync"
)

var frames = sync.Pool{New: func() any { return new(frame) }}

// Join carries octets from up to the connection as they come, and from the connection to down in frames, until both
// directions have ended: the end of one is passed on, and leaves the other as it is. It closes both. An error says that
// a direction broke off or ctx ended; the program inside has its connection reset then.
func Join(ctx context.Context, connection *net.TCPConn, up io.ReadCloser, down io.Writer) error {
	defer connection.Close()
	stop := context.AfterFunc(ctx, func() { reset(connection) })
	defer stop()
	sent := make(chan error, 1)
	go func() { sent <- send(connection, up) }()
	err := receive(connection, down)
	if err != nil {
		reset(connection)
		_ = up.Close()
	}
	if sendErr := <-sent; err == nil {
		err = sendErr
	}
	return err
}

// receive moves what the program writes until it writes no more.
func receive(connection *net.TCPConn, down io.Writer) error {
	f := frames.Get().(*frame)
	defer frames.Put(f)
	for {
		if err := f.move(down, connection); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// send moves what the client writes until it writes no more. A program that no longer reads ends nothing: what it still
// writes is what the client wants.
func send(connection *net.TCPConn, up io.Reader) error {
	f := frames.Get().(*frame)
	defer frames.Put(f)
	for {
		n, err := up.Read(f[:])
		if _, err := connection.Write(f[:n]); err != nil {
			return nil
		}
		if err == io.EOF {
			_ = connection.CloseWrite()
			return nil
		}
		if err != nil {
			reset(connection)
			return err
		}
	}
}

// reset lets the program see that something broke off, not an end.
func reset(connection *net.TCPConn) {
	_ = connection.SetLinger(0)
	_ = connection.Close()
}
