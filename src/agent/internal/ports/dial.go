// Package ports joins a stream of octets to a TCP port inside the sandbox.
//
// Programs listen at 127.0.0.1, at ::1, at the Pod's own address, or at all of them: the first that takes the connection
// has it, in this order. No other address can be reached.
//
// Errors: unavailable if nothing listens, deadline_exceeded if no address has answered within 5 s.
package ports

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"sandkeep.dev/agent/internal/fault"
)

// patience is how long the addresses may take together.
const patience = 5 * time.Second

// Dial opens a connection to the port.
func Dial(ctx context.Context, port uint16) (*net.TCPConn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var refusal error
	for _, address := range Addresses() {
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(address, strconv.Itoa(int(port))))
		if err == nil {
			return connection.(*net.TCPConn), nil
		}
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return nil, fault.New(fault.DeadlineExceeded, fault.Port, "Cannot connect to port %d: no answer within %v", port, patience)
		}
		// What it says of 127.0.0.1, the address that people expect.
		if refusal == nil {
			refusal = err
		}
	}
	return nil, fault.New(fault.Unavailable, fault.Port, "Cannot connect to port %d: %v", port, refusal)
}

// Addresses are 127.0.0.1 and ::1, and those of the container's interfaces, read anew as they may come late.
func Addresses() []string {
	addresses := []string{"127.0.0.1", "::1"}
	interfaces, _ := net.InterfaceAddrs()
	for _, each := range interfaces {
		if network, ok := each.(*net.IPNet); ok && network.IP.IsGlobalUnicast() {
			addresses = append(addresses, network.IP.String())
		}
	}
	return addresses
}
