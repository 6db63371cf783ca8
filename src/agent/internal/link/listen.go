// Package link is how clients reach the agent: two unix sockets in its run directory.
//
//	agent.sock  a connection to it is a connection to the API
//	link.sock   Connect, which a Kubernetes exec stream starts, hands its standard input and output over here
//
// Connect waits up to 5 s for the sockets to appear. Both are for the agent's own user alone.
package link

import (
	"net"
	"path/filepath"

	"sandkeep.dev/agent/internal/handover"
)

// Names of the sockets in the run directory.
const (
	apiSocket  = "agent.sock"
	linkSocket = "link.sock"
)

// Listen makes the sockets in the directory run, in place of those that a former agent left. Connections of both are to
// be served alike.
func Listen(run string) ([]net.Listener, error) {
	api, err := handover.Listen(filepath.Join(run, apiSocket))
	if err != nil {
		return nil, err
	}
	links, err := handover.Listen(filepath.Join(run, linkSocket))
	if err != nil {
		_ = api.Close()
		return nil, err
	}
	return []net.Listener{api, takeOver(links)}, nil
}
