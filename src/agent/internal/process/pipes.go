package process

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/spool"
)

// ends are the descriptors that the process gets; the agent closes its own copies once it has started.
type ends struct {
	stdin, stdout, stderr int
	// terminal that all three are, if not nil.
	terminal *os.File
	// pipes are the ends of those that were made for it.
	pipes []int
}

func (e *ends) close() {
	if e.terminal != nil {
		_ = e.terminal.Close()
	}
	for _, fd := range e.pipes {
		_ = syscall.Close(fd)
	}
}

// openPipes makes three pipes; a process without input, even later, reads from /dev/null.
func (p *Process) openPipes(stdin []byte) (given *ends, err error) {
	given = &ends{}
	defer func() {
		if err != nil {
			p.closeOwnEnds()
			given.close()
		}
	}()
	p.input = newInput(p.id, nil)
	if stdin != nil && len(stdin) == 0 {
		given.stdin = devNull()
		p.input.close()
	} else if p.input.file, given.stdin, err = given.pipe(writer); err != nil {
		return given, err
	}
	if given.stdout, err = p.openOutput(given, p.Stdout); err != nil {
		return given, err
	}
	given.stderr, err = p.openOutput(given, p.Stderr)
	return given, err
}

func (p *Process) openOutput(given *ends, into *spool.Spool) (theirs int, err error) {
	file, theirs, err := given.pipe(reader)
	if err == nil {
		p.pumps = append(p.pumps, &pump{file: file, into: into, drained: p.step})
	}
	return theirs, err
}

// The ends of a pipe, as syscall.Pipe numbers them.
const reader, writer = 0, 1

// pipe makes a pipe of which the agent keeps one end, which does not block, and the process gets the other.
func (e *ends) pipe(ours int) (file *os.File, theirs int, err error) {
	var pair [2]int
	if err := syscall.Pipe2(pair[:], syscall.O_CLOEXEC); err != nil {
		return nil, -1, err
	}
	theirs = pair[1-ours]
	e.pipes = append(e.pipes, theirs)
	// A new pipe has no other flags to keep.
	_, _ = unix.FcntlInt(uintptr(pair[ours]), syscall.F_SETFL, syscall.O_NONBLOCK)
	return os.NewFile(uintptr(pair[ours]), "pipe"), theirs, nil
}

// devNull is open for as long as the agent lives. Where there is none, it is the end of a pipe that has nothing to read.
var devNull = sync.OnceValue(func() int {
	if fd, err := syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0); err == nil {
		return fd
	}
	var pair [2]int
	if err := syscall.Pipe2(pair[:], syscall.O_CLOEXEC); err != nil {
		return -1
	}
	_ = syscall.Close(pair[writer])
	return pair[reader]
})
