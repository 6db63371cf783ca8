package supervisor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Client talks to the supervisor of a running node.
type Client struct{ http *http.Client }

// Dial returns a client of the supervisor with that pid; the host reaches its socket through /proc.
func Dial(pid int) Client {
	path := fmt.Sprintf("/proc/%d/root%s", pid, ControlSocket)
	return Client{&http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}}
}

// Components returns the status of all components, in the order of their start.
func (c Client) Components() ([]Status, error) {
	response, err := c.http.Get("http://supervisor/components")
	if err != nil {
		return nil, fmt.Errorf("cannot ask the supervisor: %w", err)
	}
	defer response.Body.Close()
	var statuses []Status
	return statuses, json.NewDecoder(response.Body).Decode(&statuses)
}

// Act performs restart, kill, stop or start on a component.
func (c Client) Act(component, action string) error {
	response, err := c.http.Post("http://supervisor/components/"+component+"/"+action, "", nil)
	if err != nil {
		return fmt.Errorf("cannot %s %s: %w", action, component, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(response.Body)
		return fmt.Errorf("cannot %s %s: %s", action, component, strings.TrimSpace(string(reason)))
	}
	return nil
}
