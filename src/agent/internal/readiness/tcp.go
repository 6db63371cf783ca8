package readiness

import (
	"context"
	"net"
	"strconv"

	"sandkeep.dev/agent/internal/ports"
)

// dialAny succeeds when a connection to the port opens at any of the container's own addresses. It returns the failure
// at 127.0.0.1, the address that people expect, if there is none.
func dialAny(ctx context.Context, port uint16) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	addresses := ports.Addresses()
	results := make([]chan error, len(addresses))
	first := make(chan struct{}, len(addresses))
	for i, address := range addresses {
		results[i] = make(chan error, 1)
		go func() {
			err := dial(ctx, net.JoinHostPort(address, strconv.Itoa(int(port))))
			if err == nil {
				first <- struct{}{}
			}
			results[i] <- err
		}()
	}
	var failure error
	for _, result := range results {
		select {
		case <-first:
			return nil
		case err := <-result:
			if err == nil {
				return nil
			}
			if failure == nil {
				failure = err
			}
		}
	}
	return failure
}

func dial(ctx context.Context, address string) error {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return connection.Close()
}
