package enforcement

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func refusedBy(errno syscall.Errno) error {
	return &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errno)}
}

func TestHoldsOnlyAfterRoundsInWhichNothingOpens(t *testing.T) {
	refused := refusedBy(syscall.ECONNREFUSED)
	noRoute := refusedBy(syscall.ENETUNREACH)
	var open error
	unanswered := os.ErrDeadlineExceeded
	for name, test := range map[string]struct {
		// a and b are what comes of the attempts at each of two addresses; the last one stays.
		a, b   []error
		rounds int
		says   string
	}{
		"both are refused":                         {[]error{refused}, []error{refused}, 3, ""},
		"nothing answers":                          {[]error{unanswered}, []error{unanswered}, 3, ""},
		"one failure between connections":          {[]error{open, refused, open, refused}, []error{refused}, 6, ""},
		"two failures between connections":         {[]error{refused, refused, open, refused}, []error{refused}, 6, ""},
		"one of two stays open":                    {[]error{refused}, []error{open}, 0, "b:1 can be reached"},
		"the Pod has no address of the one family": {[]error{refused}, []error{noRoute}, 3, ""},
		"there is no network yet":                  {[]error{noRoute, noRoute, noRoute, refused}, []error{noRoute, noRoute, noRoute, refused}, 6, ""},
		"there is no network":                      {[]error{noRoute}, []error{noRoute}, 0, "network is unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outcomes := map[string][]error{"a:1": test.a, "b:1": test.b}
			tried := map[string]int{}
			var lock sync.Mutex
			w := waiter{pause: time.Microsecond, try: func(_ context.Context, address string) error {
				lock.Lock()
				defer lock.Unlock()
				at := outcomes[address]
				err := at[min(tried[address], len(at)-1)]
				tried[address]++
				return err
			}}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if test.says == "" {
				ctx = t.Context()
			}
			err := w.await(ctx, []string{"a:1", "b:1"})
			if says := fmt.Sprint(err); test.says != "" && (err == nil || !strings.Contains(says, test.says)) {
				t.Errorf("it failed with %q; want %q", says, test.says)
			}
			if test.says != "" {
				return
			}
			if err != nil || tried["a:1"] != test.rounds || tried["b:1"] != test.rounds {
				t.Errorf("it ended with %v after %v; want %d rounds", err, tried, test.rounds)
			}
		})
	}
}

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
	if err := Await(t.Context(), []string{listener.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-accepted:
	default:
		t.Fatal("it did not wait until connections were refused")
	}
}

func TestEndsWithItsContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := Await(ctx, []string{listener.Addr().String()}); err == nil || errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("it returned %v though connections open", err)
	}
}
