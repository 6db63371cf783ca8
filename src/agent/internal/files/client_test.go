package files_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"sandkeep.dev/agent/internal/api"
)

// client speaks to the agent's API as the gateway does: HTTP/2 with prior knowledge over one unix socket.
type client struct {
	t    testing.TB
	http *http.Client
}

func serve(t testing.TB) *client {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := new(api.API).Server(context.Background())
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
		transport.CloseIdleConnections()
		server.Close()
	})
	return &client{t, &http.Client{Transport: transport}}
}

func (c *client) send(method, path string, body io.Reader) *http.Response {
	c.t.Helper()
	response, err := c.stream(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return response
}

// stream sends a body that may break off.
func (c *client) stream(method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(c.t.Context(), method, "http://agent"+path, body)
	if err != nil {
		return nil, err
	}
	return c.http.Do(request)
}

// text sends a request and gives the status and the whole body.
func (c *client) text(method, path, body string) (int, string) {
	c.t.Helper()
	response := c.send(method, path, bytes.NewReader([]byte(body)))
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
		c.t.Fatalf("%s %.300s: status %d, not %d: %s", method, path, got, status, text)
	}
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		c.t.Fatalf("%s %.300s: %v in %s", method, path, err, text)
	}
	return value
}
