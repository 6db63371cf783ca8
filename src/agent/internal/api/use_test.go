package api_test

import (
	"testing"
	"time"

	"sandkeep.dev/agent/internal/activity"
	"sandkeep.dev/agent/internal/api"
	"sandkeep.dev/agent/internal/apitest"
)

func TestWhatTheGatewayTellsOfIsUse(t *testing.T) {
	t.Parallel()
	use := activity.New()
	c := apitest.Serve(t, &api.API{Use: use})
	for use.Idle() < 20*time.Millisecond {
		time.Sleep(time.Millisecond)
	}
	before := use.Idle()
	if response := c.Send("POST", "/use", ""); response.StatusCode != 204 {
		t.Errorf("status %d", response.StatusCode)
	}
	if after := use.Idle(); after >= before {
		t.Errorf("idle for %v, and for %v before", after, before)
	}
	use.Close("it ends")
	if response := c.Send("POST", "/use", ""); response.StatusCode != 412 {
		t.Errorf("status %d once nothing can begin any more", response.StatusCode)
	}
}
