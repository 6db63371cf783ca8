package process

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/spool"
)

// pump moves output from a pipe or terminal to a spool until its last writer has closed it, whether or not anybody
// reads the spool.
type pump struct {
	file *os.File
	// log gets the output too; nil for none. It is written to first, so that what a client has seen is in the log.
	log  *os.File
	into *spool.Spool
	// terminal: what was written into it comes out a moment later, unless poll is asked for it.
	terminal bool
	// exited is closed once the process itself has exited; nil for a pipe.
	exited chan struct{}
	// drained is called once, when all that the process itself wrote has been moved.
	drained func()
}

// drain asks the pump, once the process has exited, to report when it has moved what is in the pipe now.
func (p *pump) drain() {
	_ = p.file.SetReadDeadline(time.Unix(1, 0))
	if p.exited != nil {
		close(p.exited)
	}
}

func (p *pump) run() {
	report := sync.OnceFunc(p.drained)
	defer report()
	defer p.into.Close()
	defer p.file.Close()
	raw, err := p.file.SyscallConn()
	if err != nil {
		return
	}
	for {
		_, err := p.move(raw, len(buffer{}))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			_ = p.file.SetReadDeadline(time.Time{})
			err = p.moveRest(raw)
			report()
		}
		if err == errEnd && p.exited != nil {
			if p.mayOpenAgain() {
				continue
			}
			_ = p.file.SetReadDeadline(time.Time{})
			_ = p.moveRest(raw)
		}
		if err != nil {
			return
		}
	}
}

// reopening is how often a terminal that nobody has open is looked at.
const reopening = 100 * time.Millisecond

// mayOpenAgain waits a moment, and tells whether a terminal that no program has open may still be opened: its process is
// alive, and would be hung up if the terminal were closed.
func (p *pump) mayOpenAgain() bool {
	select {
	case <-p.exited:
		return false
	case <-time.After(reopening):
		return true
	}
}

// buffer is as large as a pipe. One is taken only while there is something to move.
type buffer [64 << 10]byte

var buffers = sync.Pool{New: func() any { return new(buffer) }}

var errEnd = errors.New("end of output")

// move waits for output and moves at most limit octets of it.
func (p *pump) move(raw syscall.RawConn, limit int) (n int, err error) {
	var b *buffer
	waitErr := raw.Read(func(fd uintptr) bool {
		b = buffers.Get().(*buffer)
		n, err = readAgain(int(fd), b[:min(limit, len(b))])
		if err == syscall.EAGAIN {
			buffers.Put(b)
			b = nil
		}
		return b != nil
	})
	if waitErr != nil {
		return 0, waitErr
	}
	defer buffers.Put(b)
	if n <= 0 {
		// A terminal ends with EIO.
		return 0, errEnd
	}
	if p.log != nil {
		_, _ = p.log.Write(b[:n])
	}
	p.into.Write(b[:n])
	return n, nil
}

// moveRest moves what is there now: what its process wrote before it exited is among it. It looks again, as a terminal
// holds little at once, but ends when others go on writing.
func (p *pump) moveRest(raw syscall.RawConn) error {
	for moved := 0; moved < len(buffer{}); {
		rest, err := p.waiting(raw)
		if err != nil || rest == 0 {
			return err
		}
		for rest > 0 {
			n, err := p.move(raw, rest)
			if err != nil {
				return err
			}
			rest -= n
			moved += n
		}
	}
	return nil
}

// waiting is how many octets can be read without waiting.
func (p *pump) waiting(raw syscall.RawConn) (n int, err error) {
	controlErr := raw.Control(func(fd uintptr) {
		if p.terminal {
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		}
		n, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ)
	})
	if controlErr != nil || err != nil {
		return 0, controlErr
	}
	return n, nil
}

func readAgain(fd int, p []byte) (n int, err error) {
	for {
		if n, err = syscall.Read(fd, p); err != syscall.EINTR {
			return n, err
		}
	}
}
