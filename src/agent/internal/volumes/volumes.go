// Package volumes makes what was written to volumes durable, and known to who else has them.
package volumes

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/fault"
)

// Reload writes out all that programs have written to the file systems at these paths. It returns when that has been done,
// or when ctx has ended; the kernel goes on with it then. Errors: internal where a volume says that it lost something or
// cannot be reached, deadline_exceeded.
func Reload(ctx context.Context, paths []string) error {
	done := make(chan error, 1)
	go func() {
		var failed []error
		for _, path := range paths {
			failed = append(failed, flush(path))
		}
		done <- errors.Join(failed...)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fault.New(fault.DeadlineExceeded, fault.Sandbox, "The volumes are still being written out: try again")
	}
}

func flush(path string) error {
	directory, err := os.Open(path)
	if err == nil {
		defer directory.Close()
		err = unix.Syncfs(int(directory.Fd()))
	}
	if err != nil {
		return fault.New(fault.Internal, fault.Sandbox, "Cannot write out the volume at %.200s: %v", path, err)
	}
	return nil
}
