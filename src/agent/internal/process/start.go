package process

import (
	"crypto/sha256"
	"errors"
	"os"
	"syscall"
	"time"

	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/reap"
	"sandkeep.dev/agent/internal/spool"
)

// start runs what was asked for; with log, its output also goes to this program's own.
func start(r *Request, digest [sha256.Size]byte, stdout, stderr *spool.Spool, log bool) (*Process, error) {
	variables := environment(r)
	program, err := findProgram(r.Command[0], r.Workdir, variables)
	if err != nil {
		return nil, err
	}
	p := &Process{
		id: r.ID, command: r.Command, digest: digest, Stdout: stdout, Stderr: stderr,
		done: make(chan struct{}), learnt: make(chan struct{}),
	}
	given, err := p.open(r)
	if err != nil {
		return nil, err
	}
	defer given.close()
	p.input.onInput = r.onInput
	if log {
		p.logTo(os.Stdout, os.Stderr)
	}
	p.pending.Store(int32(1 + len(p.pumps)))
	p.startedAt = time.Now()
	p.pid, err = forkExec(r, program, variables, given, p.ended)
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

func (p *Process) open(r *Request) (*ends, error) {
	if r.TTY == nil {
		given, err := p.openPipes(r.Stdin)
		if err != nil {
			return nil, startFault(r, r.Command[0], err)
		}
		return given, nil
	}
	given, err := p.openTerminal(*r.TTY)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return nil, fault.New(fault.NotSupported, fault.Process, "Cannot start %.80q with a terminal: this sandbox has none: %v", r.Command[0], err)
	} else if err != nil {
		return nil, fault.New(fault.ResourceExhausted, fault.Process, "Cannot start %.80q with a terminal: %v", r.Command[0], err)
	}
	return given, nil
}

func forkExec(r *Request, program string, variables []string, given *ends, ended func(reap.Exit)) (pid int, err error) {
	attr := &syscall.ProcAttr{
		Dir:   r.Workdir,
		Env:   variables,
		Files: []uintptr{uintptr(given.stdin), uintptr(given.stdout), uintptr(given.stderr)},
		Sys:   &syscall.SysProcAttr{Setsid: true, Setctty: given.terminal != nil},
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
