package volumes

import (
	"context"
	"os"
	"path/filepath"
	"testing"

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
