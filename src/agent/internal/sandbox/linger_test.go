package sandbox

import (
	"io"
	"testing"
	"time"

	"sandkeep.dev/agent/internal/activity"
	"sandkeep.dev/agent/internal/process"
	"sandkeep.dev/agent/internal/spool"
)

const (
	young = time.Hour
	old   = -time.Hour
)

// ended is a sandbox whose command has exited, with the age of one that begins so long from now.
func ended(t *testing.T, begins time.Duration, lingerSeconds float64) *sandbox {
	t.Helper()
	table := process.NewTable(t.TempDir(), activity.New())
	entrypoint, err := table.StartEntrypoint([]string{"sh", "-c", "exit 3"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	<-entrypoint.Done()
	config := Config{LingerSeconds: lingerSeconds}
	return &sandbox{config: config, startedAt: time.Now().Add(begins), processes: table, entrypoint: entrypoint}
}

func TestAYoungSandboxLingersForWhoLearnsHowItEnded(t *testing.T) {
	s := ended(t, young, 3600)
	over := make(chan struct{})
	go func() {
		s.linger(nil)
		close(over)
	}()
	s.entrypoint.Collect()
	for _, stream := range s.entrypoint.Outputs() {
		select {
		case <-over:
			t.Fatal("it was over before all was told")
		default:
		}
		readToEnd(t, stream)
	}
	<-over
}

func readToEnd(t *testing.T, stream *spool.Spool) {
	t.Helper()
	reader := stream.Attach(0)
	defer reader.Detach()
	if n, err := reader.Read(t.Context(), make([]byte, 10)); n != 0 || err != io.EOF {
		t.Fatalf("read %d, %v", n, err)
	}
}

func TestLingersForNobody(t *testing.T) {
	for name, test := range map[string]struct {
		begins        time.Duration
		lingerSeconds float64
	}{
		"of a sandbox that is older": {old, 3600},
		"where it was not made to":   {young, 0},
	} {
		t.Run(name, func(t *testing.T) {
			ended(t, test.begins, test.lingerSeconds).linger(nil)
		})
	}
}
