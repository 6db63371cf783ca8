package api_test

import (
	"bufio"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sandkeep.dev/agent/internal/activity"
	"sandkeep.dev/agent/internal/api"
	"sandkeep.dev/agent/internal/apitest"
	"sandkeep.dev/agent/internal/limits"
	"sandkeep.dev/agent/internal/process"
	"sandkeep.dev/agent/internal/readiness"
)

type client struct{ *apitest.Client }

func serve(t testing.TB) *client {
	t.Helper()
	use := activity.New()
	a := api.API{
		Version: "test", StartedAt: time.Now(),
		Processes: process.NewTable(filepath.Join(t.TempDir(), "spool"), use), Use: use,
		Limits:    limits.Keep(t.Context(), time.Now(), limits.Limits{TimeoutSeconds: 3600}, use, nil),
		Readiness: readiness.Start(t.Context(), nil),
	}
	c := &client{apitest.Serve(t, &a)}
	t.Cleanup(func() {
		for _, p := range a.Processes.List() {
			p.Kill()
			<-p.Done()
		}
	})
	return c
}

// prefix gives the first n bytes of a stream that may go on.
func (c *client) prefix(path string, n int64) string {
	c.T.Helper()
	response := c.Send("GET", path, "")
	defer response.Body.Close()
	text := make([]byte, n)
	if _, err := io.ReadFull(response.Body, text); err != nil {
		c.T.Fatal(err)
	}
	return string(text)
}

// firstLine waits for a stream's first line and gives the status and the line without its end.
func (c *client) firstLine(path string) (int, string) {
	c.T.Helper()
	response := c.Send("GET", path, "")
	defer response.Body.Close()
	line, err := bufio.NewReader(response.Body).ReadString('\n')
	if err != nil {
		c.T.Fatal(err)
	}
	return response.StatusCode, strings.TrimSuffix(line, "\n")
}
