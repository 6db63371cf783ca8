package api

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sandkeep.dev/agent/internal/files/watch"
)

func TestWatchTellsThatItLives(t *testing.T) {
	t.Parallel()
	watched, err := watch.Start(t.TempDir(), watch.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer watched.Close()
	answer := httptest.NewRecorder()
	report(answer, watched, time.Now().Add(50*time.Millisecond), 10*time.Millisecond)
	if got := answer.Body.String(); !strings.HasPrefix(got, `{"type":"heartbeat","paths":[]}`+"\n") {
		t.Errorf("%s", got)
	}
}
