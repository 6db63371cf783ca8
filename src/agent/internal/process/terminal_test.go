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

func TestTerminalStaysForAProcessThatHasClosedIt(t *testing.T) {
	t.Parallel()
	table := NewTable(t.TempDir(), activity.New())
	for name, script := range map[string]string{
		"for good":            "echo before; exec <&- >&- 2>&-; sleep 0.3; exit 7",
		"and opened it again": "echo before; exec <&- >&- 2>&-; sleep 0.3; exec > /dev/tty; echo after; exit 7",
	} {
		t.Run(name, func(t *testing.T) {
			p, _, err := table.Start(Request{Command: []string{"/bin/sh", "-c", script}, TTY: &Size{24, 80}})
			if err != nil {
				t.Fatal(err)
			}
			<-p.Done()
			if exit, _ := p.Exited(); exit.Code != 7 {
				t.Errorf("it ended with %d (signal %v), want 7", exit.Code, exit.Signal)
			}
			want := map[string]int64{"for good": 8, "and opened it again": 15}[name]
			if end := p.Stdout.State().End; end != want {
				t.Errorf("%d octets of its output are there, want %d", end, want)
			}
		})
	}
}
