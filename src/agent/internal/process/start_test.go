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
