package volumes

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/fault"
)

func TestReloadWritesOutEveryVolume(t *testing.T) {
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "file"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Reload(t.Context(), []string{directory, directory}); err != nil {
		t.Errorf("reloading failed: %v", err)
	}
	if err := Reload(t.Context(), nil); err != nil {
		t.Errorf("reloading nothing failed: %v", err)
	}
}

func TestReloadNamesTheVolumeThatFails(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	err := Reload(t.Context(), []string{t.TempDir(), missing})
	if f := fault.Of(err); f.Code != fault.Internal {
		t.Errorf("reloading %s gave %v, wanted internal", missing, err)
	}
}

func TestReloadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// Either may be seen first; both are an end.
	if err := Reload(ctx, []string{t.TempDir()}); err != nil && fault.Of(err).Code != fault.DeadlineExceeded {
		t.Errorf("reloading in a context that has ended gave %v", err)
	}
}

func TestReloadDoesNotWaitForAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if f := fault.Of(Reload(t.Context(), []string{pipe})); f.Code != fault.Internal {
		t.Errorf("reloading a pipe gave %v, wanted internal", f)
	}
}

func TestTurnsAreSharedByThoseThatComeMeanwhile(t *testing.T) {
	var all turns
	began, gate := make(chan struct{}), make(chan struct{})
	first := all.join(func() error {
		close(began)
		<-gate
		return errors.New("first")
	})
	<-began
	second := all.join(func() error { return errors.New("second") })
	third := all.join(func() error { return errors.New("third") })
	if second == first || third != second {
		t.Errorf("those that came meanwhile did not share the next turn: %p %p %p", first, second, third)
	}
	close(gate)
	<-first.done
	<-third.done
	if first.err.Error() != "first" || third.err.Error() != "second" {
		t.Errorf("gave %v and %v", first.err, third.err)
	}
	last := all.join(func() error { return nil })
	<-last.done
	if last.err != nil {
		t.Errorf("gave the later %v", last.err)
	}
}
