package process

import (
	"crypto/sha256"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"

	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/reap"
	"sandkeep.dev/agent/internal/spool"
)

// start runs what was asked for; with log, its output also goes to this program's own.
func start(r *Request, digest [sha256.Size]byte, stdout, stderr *spool.Spool, log bool) (*Process, error) {
	program, err := findProgram(r.Command[0], r.Workdir, environment(r))
	if err != nil {
		return nil, err
	}
	p := &Process{
		id: r.ID, command: r.Command, digest: digest, Stdout: stdout, Stderr: stderr,
		done: make(chan struct{}),
	}
	var given *ends
	if r.TTY != nil {
		given, err = p.openTerminal(*r.TTY)
	} else {
		given, err = p.openPipes(r.Stdin)
	}
	if err != nil {
		return nil, startFault(r, program, err)
	}
	defer given.close()
	if log {
		p.logTo(os.Stdout, os.Stderr)
	}
	p.pending.Store(int32(1 + len(p.pumps)))
	p.startedAt = time.Now()
	p.pid, err = forkExec(r, program, given, p.ended)
	if err != nil {
		p.closeOwnEnds()
		return nil, startFault(r, program, err)
	}
	for _, pump := range p.pumps {
		go pump.run()
	}
	if r.TimeoutMilliseconds > 0 {
		p.setTimeout(r.timeout())
	}
	if len(r.Stdin) > 0 || (r.Stdin != nil && r.TTY != nil) {
		go p.input.feed(r.Stdin)
	}
	return p, nil
}

// ends are the descriptors that the process gets; the agent closes them once it has started.
type ends struct {
	stdin, stdout, stderr int
	terminal              bool
	close                 func()
}

func forkExec(r *Request, program string, given *ends, ended func(reap.Exit)) (pid int, err error) {
	attr := &syscall.ProcAttr{
		Dir:   r.Workdir,
		Env:   environment(r),
		Files: []uintptr{uintptr(given.stdin), uintptr(given.stdout), uintptr(given.stderr)},
		Sys:   &syscall.SysProcAttr{Setsid: true, Setctty: given.terminal},
	}
	// A file that has just been written is busy while another fork still holds it open: for a moment only.
	for pause := time.Millisecond; ; pause *= 4 {
		pid, err = reap.Start(program, r.Command, attr, ended)
		if !errors.Is(err, syscall.ETXTBSY) || pause > 100*time.Millisecond {
			return pid, err
		}
		time.Sleep(pause)
	}
}

// openPipes makes three pipes; without input, even later, the process reads from /dev/null.
func (p *Process) openPipes(stdin []byte) (*ends, error) {
	given := &ends{}
	var theirs []int
	given.close = func() { closeAll(theirs) }
	pipe := func(parentWrites bool) (int, *os.File, error) {
		var fds [2]int
		if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
			return -1, nil, err
		}
		their, our := fds[1], fds[0]
		if parentWrites {
			their, our = fds[0], fds[1]
		}
		theirs = append(theirs, their)
		_ = syscall.SetNonblock(our, true)
		return their, os.NewFile(uintptr(our), "pipe"), nil
	}
	fail := func(err error) (*ends, error) {
		p.closeOwnEnds()
		given.close()
		return nil, err
	}

	var own *os.File
	var err error
	if stdin != nil && len(stdin) == 0 {
		given.stdin = devNull()
		p.input = &input{id: p.id, turn: make(chan struct{}, 1), closed: true}
	} else if given.stdin, own, err = pipe(true); err != nil {
		return fail(err)
	} else {
		p.input = newInput(p.id, own)
	}
	var out, errs *os.File
	if given.stdout, out, err = pipe(false); err != nil {
		return fail(err)
	}
	p.pumps = append(p.pumps, &pump{file: out, into: p.Stdout, drained: p.step})
	if given.stderr, errs, err = pipe(false); err != nil {
		return fail(err)
	}
	p.pumps = append(p.pumps, &pump{file: errs, into: p.Stderr, drained: p.step})
	return given, nil
}

func (p *Process) openTerminal(size Size) (*ends, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, err
	}
	p.terminal = master
	p.Stderr.Close()
	p.input = newInput(p.id, master)
	p.input.terminal = true
	p.pumps = []*pump{{file: master, into: p.Stdout, drained: p.step}}
	_ = pty.Setsize(master, &pty.Winsize{Rows: size.Rows, Cols: size.Columns})
	fd := int(slave.Fd())
	return &ends{fd, fd, fd, true, func() { _ = slave.Close() }}, nil
}

// Resize changes the size of the process's terminal. Errors: invalid_argument for a size of 0, failed_precondition if it
// has no terminal or has exited.
func (p *Process) Resize(size Size) error {
	if err := size.check(); err != nil {
		return err
	}
	if p.terminal == nil {
		return fault.New(fault.FailedPrecondition, fault.Process, "Cannot resize the terminal of process %q: it was started without one", p.id)
	}
	if err := pty.Setsize(p.terminal, &pty.Winsize{Rows: size.Rows, Cols: size.Columns}); err != nil {
		return fault.New(fault.FailedPrecondition, fault.Process, "Cannot resize the terminal of process %q: it has exited", p.id)
	}
	return nil
}

func (p *Process) logTo(stdout, stderr *os.File) {
	for i, log := range []*os.File{stdout, stderr}[:len(p.pumps)] {
		p.pumps[i].log = log
	}
}

func (p *Process) closeOwnEnds() {
	if p.input != nil {
		p.input.close()
	}
	for _, pump := range p.pumps {
		_ = pump.file.Close()
	}
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = syscall.Close(fd)
	}
}

// devNull is open for as long as the agent lives; -1, which closes the descriptor in the child, if there is none.
var devNull = sync.OnceValue(func() int {
	fd, err := syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
})
