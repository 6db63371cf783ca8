// Package link is how clients reach the agent: two unix sockets in its run directory.
//
//	agent.sock  a connection to it is a connection to the API
//	link.sock   Connect, which a Kubernetes exec stream starts, hands its standard input and output over here
//
// So the agent reads from and writes to the exec stream itself: no third process copies, and what it has written before it
// ends reaches the client although the kernel then kills Connect.
//
//	gateway ═══ API server ═══ kubelet ═══ pipes ═══════════════════► agent
//	                                         └─ connect ─ link.sock ─► (both descriptors, once)
//
// Connect waits up to 5 s for the sockets to appear. Both are for the agent's own user alone.
package link

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// Names of the sockets in the run directory.
const (
	apiSocket  = "agent.sock"
	linkSocket = "link.sock"
)

// Listen makes the sockets in the directory run, in place of those that a former agent left. Connections of both are to
// be served alike.
func Listen(run string) ([]net.Listener, error) {
	mask := syscall.Umask(0o177)
	defer syscall.Umask(mask)
	api, err := listen(filepath.Join(run, apiSocket))
	if err != nil {
		return nil, err
	}
	links, err := listen(filepath.Join(run, linkSocket))
	if err != nil {
		_ = api.Close()
		return nil, err
	}
	return []net.Listener{api, takeOver(links)}, nil
}

func listen(path string) (*net.UnixListener, error) {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("cannot replace the socket %s: %w", path, err)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("cannot make the socket %s: %w", path, err)
	}
	return listener, nil
}
