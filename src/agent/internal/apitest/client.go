// Package apitest lets tests speak to the agent's API as the gateway does: HTTP/2 with prior knowledge.
package apitest

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"sandkeep.dev/agent/internal/api"
)

// Over gives a client whose connections come from dial.
func Over(dial func(context.Context) (net.Conn, error)) *http.Client {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{
		Protocols:   &protocols,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}}
}

// OverSocket gives a client of a unix socket.
func OverSocket(path string) *http.Client {
	return Over(func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "unix", path) })
}

// Client fails its test where a request finds no answer.
type Client struct {
	T    testing.TB
	HTTP *http.Client
}

// Serve serves the API on a unix socket until the test ends.
func Serve(t testing.TB, a *api.API) *Client {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := a.Server(context.Background())
	go server.Serve(listener)
	c := &Client{t, OverSocket(listener.Addr().String())}
	t.Cleanup(func() {
		c.HTTP.CloseIdleConnections()
		server.Close()
	})
	return c
}

// In is the client for a test within the test.
func (c *Client) In(t testing.TB) *Client { return &Client{t, c.HTTP} }

// Stream sends a body that may break off.
func (c *Client) Stream(method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(c.T.Context(), method, "http://agent"+path, body)
	if err != nil {
		return nil, err
	}
	return c.HTTP.Do(request)
}

// Send gives the response as it begins.
func (c *Client) Send(method, path, body string) *http.Response {
	c.T.Helper()
	response, err := c.Stream(method, path, strings.NewReader(body))
	if err != nil {
		c.T.Fatalf("%s %s: %v", method, path, err)
	}
	return response
}

// Text gives the status and the whole body of a response.
func (c *Client) Text(method, path, body string) (int, string) {
	c.T.Helper()
	response := c.Send(method, path, body)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.T.Fatalf("%s %s: %v", method, path, err)
	}
	return response.StatusCode, string(text)
}

// Answer decodes a response, which must have the status.
func Answer[T any](c *Client, method, path, body string, status int) (value T) {
	c.T.Helper()
	got, text := c.Text(method, path, body)
	if got != status {
		c.T.Fatalf("%s %.300s: status %d, not %d: %s", method, path, got, status, text)
	}
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		c.T.Fatalf("%s %.300s: %v in %s", method, path, err, text)
	}
	return value
}
