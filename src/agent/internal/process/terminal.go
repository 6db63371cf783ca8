package process

import (
	"github.com/creack/pty"

	"sandkeep.dev/agent/internal/fault"
)

func (p *Process) openTerminal(size Size) (*ends, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, err
	}
	p.terminal = master
	p.Stderr.Close()
	p.input = newInput(p.id, master)
	p.input.terminal = true
	p.pumps = []*pump{{file: master, into: p.Stdout, terminal: true, exited: make(chan struct{}), drained: p.step}}
	_ = pty.Setsize(master, &pty.Winsize{Rows: size.Rows, Cols: size.Columns})
	// Fd makes the descriptor one that blocks, as the process expects.
	fd := int(slave.Fd())
	return &ends{stdin: fd, stdout: fd, stderr: fd, terminal: slave}, nil
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
