package process

import (
	"testing"

	"sandkeep.dev/agent/internal/activity"
)

func TestTerminalLosesNothingWhenItsProcessExits(t *testing.T) {
	t.Parallel()
	table := NewTable(t.TempDir(), activity.New())
	for run := range 300 {
		p, _, err := table.Start(Request{Command: []string{"/bin/sh", "-c", "printf %03000d 0"}, TTY: &Size{24, 80}})
		if err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		if end := p.Stdout.State().End; end != 3000 {
			t.Fatalf("run %d: %d of 3000 octets were there when it had exited", run, end)
		}
	}
}
