package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sandkeep.dev/agent/internal/api"
	"sandkeep.dev/agent/internal/process"
	"sandkeep.dev/agent/internal/readiness"
)

// client speaks to a served API as the gateway does: HTTP/2 with prior knowledge over one unix socket.
type client struct {
	t    testing.TB
	http *http.Client
}

func serve(t testing.TB) *client {
	t.Helper()
	directory := t.TempDir()
	a := api.API{
		Version: "test", StartedAt: time.Now(),
		Processes: process.NewTable(filepath.Join(directory, "spool")),
		Readiness: readiness.Start(t.Context(), nil),
	}
	listener, err := net.Listen("unix", filepath.Join(directory, "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := a.Server(context.Background())
	go server.Serve(listener)
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{
		Protocols: &protocols,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", listener.Addr().String())
		},
	}
	t.Cleanup(func() {
		for _, p := range a.Processes.List() {
			p.Kill()
			<-p.Done()
		}
		transport.CloseIdleConnections()
		server.Close()
	})
	return &client{t, &http.Client{Transport: transport}}
}

func (c *client) send(method, path string, body []byte) *http.Response {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, "http://agent"+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return response
}

// text sends a request and gives the status and the whole body.
func (c *client) text(method, path, body string) (int, string) {
	c.t.Helper()
	response := c.send(method, path, []byte(body))
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return response.StatusCode, string(text)
}

// request sends a request whose answer must have the status, and decodes it.
func request[T any](c *client, method, path, body string, status int) (value T) {
	c.t.Helper()
	got, text := c.text(method, path, body)
	if got != status {
		c.t.Fatalf("%s %s %s: status %d, not %d: %s", method, path, body, got, status, text)
	}
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		c.t.Fatalf("%s %s: %v in %s", method, path, err, text)
	}
	return value
}

// stream sends a body that may break off.
func (c *client) stream(method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(c.t.Context(), method, "http://agent"+path, body)
	if err != nil {
		return nil, err
	}
	return c.http.Do(request)
}

// prefix gives the first n bytes of a stream that may go on.
func (c *client) prefix(path string, n int64) string {
	c.t.Helper()
	response := c.send("GET", path, nil)
	defer response.Body.Close()
	text := make([]byte, n)
	if _, err := io.ReadFull(response.Body, text); err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

// firstLine waits for a stream's first line and gives the status and the line without its end.
func (c *client) firstLine(path string) (int, string) {
	c.t.Helper()
	response := c.send("GET", path, nil)
	defer response.Body.Close()
	line, err := bufio.NewReader(response.Body).ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSuffix(line, "\n")
}
