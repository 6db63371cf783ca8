// Package link is how clients reach the agent: a unix socket in its run directory.
package link

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// socketName is the name of the socket in the run directory.
const socketName = "agent.sock"

// Listen makes the socket, for the user of this program alone, in place of one that a former agent left.
func Listen(run string) (net.Listener, error) {
	path := filepath.Join(run, socketName)
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("cannot replace the socket %s: %w", path, err)
	}
	mask := syscall.Umask(0o177)
	defer syscall.Umask(mask)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("cannot make the socket %s: %w", path, err)
	}
	return listener, nil
}
