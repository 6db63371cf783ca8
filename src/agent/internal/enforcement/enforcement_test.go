package enforcement

import (
	"context"
	"net"
	"testing"
	"time"
)

func TestAwaitsTheLastConnectionThatOpens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan struct{})
	go func() {
		for range 3 {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connection.Close()
		}
		listener.Close()
		close(accepted)
	}()
	if err := Await(t.Context(), listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-accepted:
	default:
		t.Fatal("it did not wait until connections were refused")
	}
}

func TestFailsWhileConnectionsOpen(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := Await(ctx, listener.Addr().String()); err == nil {
		t.Fatal("it returned though connections open")
	}
}
