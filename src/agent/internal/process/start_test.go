package process

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"sandkeep.dev/agent/internal/activity"
)

func TestStartsProgramsThatHaveJustBeenWritten(t *testing.T) {
	t.Parallel()
	table, directory := NewTable(t.TempDir(), activity.New()), t.TempDir()
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			for i := range 25 {
				// While one writes, the others fork, and their children hold the file open for a moment.
				program := filepath.Join(directory, fmt.Sprintf("%d-%d", worker, i))
				if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
					t.Error(err)
				}
				p, _, err := table.Start(Request{Command: []string{program}})
				if err != nil {
					t.Error(err)
					continue
				}
				<-p.Done()
			}
		})
	}
	workers.Wait()
}

func TestEachProcessIsGivenTheTokenOfItsTime(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	table := NewTable(t.TempDir(), activity.New())
	table.Identify(&Identity{Variable: "TOKEN", File: file})
	for _, c := range []struct {
		token string
		env   map[string]string
		want  string
	}{
		{"", nil, "none\n"},
		{"first", nil, "first\n"},
		{"second\n", nil, "second\n"},
		{"third", map[string]string{"TOKEN": "own"}, "own\n"},
	} {
		if c.token != "" {
			if err := os.WriteFile(file, []byte(c.token), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p, _, err := table.Start(Request{Command: []string{"/bin/sh", "-c", "echo ${TOKEN:-none}"}, Env: c.env})
		if err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		written := make([]byte, 64)
		n, err := p.Stdout.Attach(0).TryRead(written)
		if got := string(written[:n]); err != nil || got != c.want {
			t.Errorf("with the token %q the process wrote %q, wanted %q", c.token, got, c.want)
		}
	}
}
