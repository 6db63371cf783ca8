// Package enforcement waits until a sandbox's network policy holds: some network plugins enforce it only seconds after a Pod
// has started.
package enforcement

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	// patience is how long the policy may take.
	patience = time.Minute
	// attempt is how long one connection may take. A first packet that was lost is made up for by the attempts that follow.
	attempt = 700 * time.Millisecond
	pause   = 50 * time.Millisecond
	// enough rounds in a row without a connection: one alone may be a lost packet, or a server that is starting anew.
	enough = 3
)

// Await returns once several times in a row no TCP connection to any of the denied addresses opens any more, whether it is
// refused or nothing answers. It fails if one still opens after a minute, if there is no way to any of them that could be
// closed, or when the context ends.
func Await(ctx context.Context, denied []string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return waiter{try: connect, pause: pause}.await(ctx, denied)
}

type waiter struct {
	// try returns nil when a connection opened.
	try   func(ctx context.Context, address string) error
	pause time.Duration
}

func (w waiter) await(ctx context.Context, denied []string) error {
	problem := errors.New("there was no time to try")
	for inRow := 0; ; {
		err := w.round(ctx, denied)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("the network policy is not enforced: %w", problem)
		case err != nil:
			problem, inRow = err, 0
		default:
			inRow++
		}
		if inRow == enough {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(w.pause):
		}
	}
}

// round tries all addresses at once. It returns nil when none can be reached and at least one was denied.
func (w waiter) round(ctx context.Context, denied []string) error {
	outcomes := make([]error, len(denied))
	var trying sync.WaitGroup
	for i, address := range denied {
		trying.Go(func() { outcomes[i] = w.try(ctx, address) })
	}
	trying.Wait()
	proofs := 0
	for i, err := range outcomes {
		switch {
		case err == nil:
			return fmt.Errorf("%s can be reached", denied[i])
		case !saysNothing(err):
			proofs++
		}
	}
	if proofs == 0 {
		return fmt.Errorf("nothing tells it: %w", outcomes[0])
	}
	return nil
}

// saysNothing tells whether no packet has left: the Pod has no address of that family, or none yet.
func saysNothing(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}

func connect(ctx context.Context, address string) error {
	dialer := net.Dialer{Timeout: attempt}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	_ = connection.Close()
	return nil
}
