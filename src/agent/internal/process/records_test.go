package process

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sandkeep.dev/agent/internal/activity"
)

func TestForgetsRecordsThatAreTooOldOrTooMuch(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		limits    limits
		script    string
		collected string
		kept      string
	}{
		"below every limit":            {defaults, "", "", "0 1 2 3 4"},
		"the oldest are too many":      {withLimits(func(l *limits) { l.records = 3 }), "", "", "2 3 4"},
		"those whose exit is known go": {withLimits(func(l *limits) { l.records = 3 }), "", "1 3", "0 2 4"},
		"too much output in memory":    {withLimits(func(l *limits) { l.memory = 35_000 }), "head -c 10000 /dev/zero", "", "2 3 4"},
		"too much output on disk":      {withLimits(func(l *limits) { l.disk = 150_000 }), "head -c 60000 /dev/zero", "", "3 4"},
		"too old":                      {withLimits(func(l *limits) { l.age = 0 }), "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			table := NewTable(directory, activity.New())
			for i := range 5 {
				p := run(t, table, fmt.Sprint(i), test.script)
				if strings.Contains(test.collected, p.ID()) {
					p.Collect()
				}
			}
			table.mu.Lock()
			table.limits = test.limits
			table.mu.Unlock()
			var kept []string
			for _, p := range table.List() {
				kept = append(kept, p.ID())
			}
			if got := strings.Join(kept, " "); got != test.kept {
				t.Errorf("keeps %q, want %q", got, test.kept)
			}
			files, _ := os.ReadDir(directory)
			if strings.HasPrefix(test.script, "head -c 6") && len(files) != len(kept) {
				t.Errorf("keeps %d files for %d processes", len(files), len(kept))
			}
		})
	}
}

func TestTheEntrypointIsNeverForgotten(t *testing.T) {
	t.Parallel()
	table := NewTable(t.TempDir(), activity.New())
	p, err := table.StartEntrypoint([]string{"/bin/true"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	table.mu.Lock()
	table.limits = limits{}
	table.sweep()
	table.mu.Unlock()
	if _, err := table.Get(Entrypoint); err != nil {
		t.Error(err)
	}
}

func TestRefusesMoreProcessesThanTheLimit(t *testing.T) {
	t.Parallel()
	table := NewTable(t.TempDir(), activity.New())
	table.limits.running = 2
	for range 2 {
		p, _, err := table.Start(Request{Command: []string{"/bin/sleep", "100"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Kill)
	}
	if _, _, err := table.Start(Request{Command: []string{"/bin/true"}}); err == nil || !strings.Contains(err.Error(), "2 run already") {
		t.Errorf("the third: %v", err)
	}
	table.List()[0].Kill()
	<-table.List()[0].Done()
	for {
		if _, _, err := table.Start(Request{Command: []string{"/bin/true"}}); err == nil {
			return
		}
	}
}

func withLimits(change func(*limits)) limits {
	l := defaults
	change(&l)
	return l
}

func run(t *testing.T, table *Table, id, script string) *Process {
	t.Helper()
	p, _, err := table.Start(Request{ID: id, Command: []string{"/bin/sh", "-c", script}})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	// Its record is made right after.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		table.mu.Lock()
		n := len(table.exited)
		last := n > 0 && table.exited[n-1] == p
		table.mu.Unlock()
		if last {
			return p
		}
		if time.Now().After(deadline) {
			t.Fatal("there is no record of an exited process")
		}
	}
}
