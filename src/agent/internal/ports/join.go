package ports

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

var frames = sync.Pool{New: func() any { return new(frame) }}

// Join carries octets from up to the connection as they come, and from the connection to down in frames, until both
// directions have ended: the end of one is passed on, and leaves the other as it is. A program that reads no more has
// ended both once it writes no more. Join closes the connection and up. An error says that a direction broke off or ctx
// ended; the program inside has its connection reset then.
func Join(ctx context.Context, connection *net.TCPConn, up io.ReadCloser, down io.Writer) error {
	defer connection.Close()
	j := &joined{connection: connection}
	stop := context.AfterFunc(ctx, j.reset)
	defer stop()
	sent := make(chan error, 1)
	go func() { sent <- j.send(up) }()
	if err := j.receive(down); err != nil {
		j.reset()
		_ = up.Close()
		<-sent
		return err
	}
	return <-sent
}

type joined struct {
	connection *net.TCPConn
	// finished: nothing will be written any more, and nothing that was has failed.
	finished atomic.Bool
}

// receive moves what the program writes until it writes no more.
func (j *joined) receive(down io.Writer) error {
	f := frames.Get().(*frame)
	defer frames.Put(f)
	for {
		n, err := f.read(j.connection)
		if err == io.EOF && j.wasReset() {
			err = syscall.ECONNRESET
		}
		if err != nil && err != io.EOF {
			return err
		}
		if err := f.write(down, n); err != nil || n == 0 {
			return err
		}
	}
}

// send moves what the client writes until it writes no more. A program that no longer reads ends nothing: what it still
// writes is what the client wants.
func (j *joined) send(up io.Reader) error {
	f := frames.Get().(*frame)
	defer frames.Put(f)
	for {
		n, err := up.Read(f[:])
		if _, err := j.connection.Write(f[:n]); err != nil {
			return nil
		}
		if err == io.EOF {
			j.finished.Store(true)
			_ = j.connection.CloseWrite()
			return nil
		}
		if err != nil {
			j.reset()
			return err
		}
	}
}

// wasReset tells a reset from an end. The kernel tells of a reset only once: if a write has heard of it, reading ends as
// if the program had ended.
func (j *joined) wasReset() (closed bool) {
	raw, err := j.connection.SyscallConn()
	if err != nil || j.finished.Load() {
		return false
	}
	_ = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		closed = err == nil && info.State == unix.BPF_TCP_CLOSE
	})
	return closed
}

// reset lets the program see that something broke off, not an end.
func (j *joined) reset() {
	_ = j.connection.SetLinger(0)
	_ = j.connection.Close()
}
