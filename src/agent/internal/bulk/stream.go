package bulk

import (
	"io"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// pipeSize is what the system may hold of a stream; it gives 64 KiB by default, and 1 MiB to anybody who asks.
const pipeSize = 1 << 20

// stream is an exec stream that was handed over.
type stream struct {
	in, out *os.File
	control net.Conn
	once    sync.Once
}

func newStream(in, out *os.File, control net.Conn) *stream {
	for _, pipe := range []*os.File{in, out} {
		enlarge(pipe)
	}
	s := &stream{in: in, out: out, control: control}
	go func() {
		// The process that handed over never says anything more: this is its end.
		_, _ = io.Copy(io.Discard, control)
		s.close()
	}()
	return s
}

// close ends the stream, and lets the process that handed it over end.
func (s *stream) close() {
	s.once.Do(func() { _, _, _ = s.in.Close(), s.out.Close(), s.control.Close() })
}

// closeRead ends the stream once its client has read everything: what was not read when the process inside ended could be
// lost. The client says so by ending its input.
func (s *stream) closeRead() {
	_, _ = s.in.Read(make([]byte, 1))
	s.close()
}

func enlarge(pipe *os.File) {
	raw, err := pipe.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) })
}
