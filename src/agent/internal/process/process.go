package process

import (
	"crypto/sha256"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/reap"
	"sandkeep.dev/agent/internal/spool"
)

// Process is one that runs, or its record after it has exited.
type Process struct {
	id        string
	command   []string
	digest    [sha256.Size]byte
	pid       int
	startedAt time.Time

	// Stdout and Stderr are what it writes; a terminal's output is all in Stdout.
	Stdout, Stderr *spool.Spool
	input          *input
	terminal       *os.File
	pumps          []*pump

	// pending counts what has to happen before it counts as exited: being collected, and each output being drained.
	pending atomic.Int32
	done    chan struct{}

	mu       sync.Mutex
	timeout  *time.Timer
	overdue  bool
	exit     reap.Exit
	exitedAt time.Time
	onDone   func(*Process)
	// memory and disk are the octets that its record takes, as of when it exited.
	memory, disk int64

	// learnt is closed once a client has learnt how it ended.
	learnt  chan struct{}
	collect sync.Once
}

// Exit is how a process ended.
type Exit struct {
	// Code is its exit code, or 128+n if signal n ended it.
	Code int `json:"code"`
	// Signal is the name of the signal that ended it.
	Signal *string `json:"signal"`
	// TimedOut: its own timeout ended it; for the entrypoint, that of the sandbox.
	TimedOut bool `json:"timedOut"`
}

// ID is unique among the processes of a table.
func (p *Process) ID() string { return p.id }

// Pid is its process id, also that of its group and session.
func (p *Process) Pid() int { return p.pid }

// Outputs are Stdout and Stderr.
func (p *Process) Outputs() []*spool.Spool { return []*spool.Spool{p.Stdout, p.Stderr} }

// Done is closed once it has exited and all that it wrote itself has been read from its pipes.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exited reports how it ended, if it has.
func (p *Process) Exited() (Exit, bool) {
	select {
	case <-p.done:
	default:
		return Exit{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	exit := Exit{Code: p.exit.Code, TimedOut: p.overdue && p.exit.Signal == syscall.SIGKILL}
	if p.exit.Signal != 0 {
		name := signalName(p.exit.Signal)
		exit.Signal = &name
	}
	return exit, true
}

// Collect marks that a client has learnt how it ended, so that its record may go before those that none has asked for.
func (p *Process) Collect() { p.collect.Do(func() { close(p.learnt) }) }

// Collected is closed once a client has learnt how it ended.
func (p *Process) Collected() <-chan struct{} { return p.learnt }

// Signal sends a signal by name, such as SIGTERM, to the process and its group. Errors: invalid_argument for no name of a
// signal, failed_precondition once it has exited, permission_denied where the kernel refuses.
func (p *Process) Signal(name string) error {
	number, known := signalNumber(name)
	if !known {
		return fault.New(fault.InvalidArgument, fault.Process, "Cannot signal process %q: %.40q is no signal: name one such as SIGTERM", p.id, name)
	}
	alive, err := reap.SignalGroup(p.pid, number)
	switch {
	case !alive:
		return fault.New(fault.FailedPrecondition, fault.Process, "Cannot send %s to process %q: it has exited", name, p.id)
	case errors.Is(err, syscall.EPERM):
		return fault.New(fault.PermissionDenied, fault.Process, "Cannot send %s to process %q: it has changed to another user", name, p.id)
	}
	return err
}

// Kill ends the process and its group at once. It does nothing once it has exited.
func (p *Process) Kill() { _, _ = reap.SignalGroup(p.pid, syscall.SIGKILL) }

// Expire kills it, as Kill does, because its time is over: its exit says so.
func (p *Process) Expire() {
	p.mu.Lock()
	p.overdue = true
	p.mu.Unlock()
	p.Kill()
}

func (p *Process) setTimeout(after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.exitedAt.IsZero() {
		p.timeout = time.AfterFunc(after, p.Expire)
	}
}

// ended is called when the process has been collected; its pumps drain what it left in the pipes.
func (p *Process) ended(exit reap.Exit) {
	p.mu.Lock()
	p.exit, p.exitedAt = exit, time.Now()
	if p.timeout != nil {
		p.timeout.Stop()
	}
	p.mu.Unlock()
	for _, pump := range p.pumps {
		pump.drain()
	}
	p.step()
}

// step is called for each thing that pending counts.
func (p *Process) step() {
	if p.pending.Add(-1) > 0 {
		return
	}
	// A record needs none of what it took to run.
	p.pumps, p.timeout = nil, nil
	p.input.close()
	p.Stdout.Settle()
	p.Stderr.Settle()
	p.measure()
	p.mu.Lock()
	close(p.done)
	onDone := p.onDone
	p.mu.Unlock()
	if onDone != nil {
		onDone(p)
	}
}

// whenDone calls f once the process has exited; at once if it has already.
func (p *Process) whenDone(f func(*Process)) {
	p.mu.Lock()
	var over bool
	select {
	case <-p.done:
		over = true
	default:
		p.onDone = f
	}
	p.mu.Unlock()
	if over {
		f(p)
	}
}

func (p *Process) measure() {
	for _, word := range p.command {
		p.memory += int64(len(word))
	}
	for _, s := range p.Outputs() {
		memory, disk := s.Size()
		p.memory, p.disk = p.memory+memory, p.disk+disk
	}
}
