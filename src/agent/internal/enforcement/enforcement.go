// Package enforcement waits until a sandbox's network policy holds: some network plugins enforce it only seconds after a Pod
// has started.
package enforcement

import (
	"context"
	"fmt"
	"net"
	"time"
)

const (
	// patience is how long the policy may take.
	patience = time.Minute
	// attempt is long enough for a first packet that was lost to be sent again.
	attempt = 1500 * time.Millisecond
	pause   = 50 * time.Millisecond
)

// Await returns once no TCP connection to a denied address opens any more, whether it is refused or nothing answers. It fails if
// connections still open after a minute, or when the context ends.
func Await(ctx context.Context, denied string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for opens(ctx, denied) {
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the network policy is not enforced: %s can be reached", denied)
	}
	return nil
}

func opens(ctx context.Context, address string) bool {
	dialer := net.Dialer{Timeout: attempt}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}
