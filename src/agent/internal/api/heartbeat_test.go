package api

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"sandkeep.dev/agent/internal/files/watch"
)

// once takes one write and no more.
type once struct{ *httptest.ResponseRecorder }

func (o once) Write(octets []byte) (int, error) {
	_, _ = o.ResponseRecorder.Write(octets)
	return 0, errors.New("the client has left")
}

func TestWatchTellsThatItLives(t *testing.T) {
	t.Parallel()
	watched, err := watch.Start(t.TempDir(), watch.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer watched.Close()
	answer := once{httptest.NewRecorder()}
	report(answer, watched, time.Now().Add(time.Hour), 10*time.Millisecond)
	if got := answer.Body.String(); got != `{"type":"heartbeat","paths":[]}`+"\n" {
		t.Errorf("%s", got)
	}
}
