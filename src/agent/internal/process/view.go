package process

import (
	"time"

	"sandkeep.dev/agent/internal/spool"
)

// View is a process as clients see it.
type View struct {
	ID        string   `json:"id"`
	Command   []string `json:"command"`
	State     string   `json:"state"`
	Pid       int      `json:"pid"`
	StartedAt string   `json:"startedAt"`
	ExitedAt  string   `json:"exitedAt,omitempty"`
	Exit      *Exit    `json:"exit,omitempty"`
	Stdout    Output   `json:"stdout"`
	Stderr    Output   `json:"stderr"`
	Stdin     Input    `json:"stdin"`
}

// Output is what there is of an output stream.
type Output struct {
	// Start is the offset of the oldest byte there is, End the one after the newest.
	Start int64 `json:"start"`
	End   int64 `json:"end"`
	// Closed: no more will come.
	Closed bool `json:"closed"`
}

// View tells how the process stands.
func (p *Process) View() View {
	view := View{
		ID: p.id, Command: p.command, State: "running", Pid: p.pid, StartedAt: Timestamp(p.startedAt),
		Stdout: outputOf(p.Stdout), Stderr: outputOf(p.Stderr), Stdin: p.input.state(),
	}
	if exit, exited := p.Exited(); exited {
		view.State, view.Exit, view.ExitedAt = "exited", &exit, Timestamp(p.exitedAt)
	}
	return view
}

func outputOf(s *spool.Spool) Output {
	state := s.State()
	return Output{state.Start, state.End, state.Closed}
}

// Timestamp writes a time as RFC 3339 in UTC with microseconds.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
