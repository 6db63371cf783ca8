package ports

import (
	"net"
	"strings"
	"testing"
)

func TestKnowsWhichPortsAreConnected(t *testing.T) {
	t.Parallel()
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 0100007F:1F91 0100007F:C002 06 00000000:00000000 00:00000000 00000000     0        0 3 1
   3: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4 1
`
	for name, test := range map[string]struct {
		ports []uint16
		want  bool
	}{
		"one with a connection":               {[]uint16{8080}, true},
		"one of several":                      {[]uint16{1, 8080}, true},
		"one whose connection has been ended": {[]uint16{8081}, false},
		"one with none":                       {[]uint16{22}, false},
		"no port at all":                      {nil, false},
	} {
		if got := establishedIn(strings.NewReader(table), test.ports); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAsksTheKernelWhichPortsAreConnected(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Logf("no %s here: %v", address, err)
			continue
		}
		defer listener.Close()
		port := uint16(listener.Addr().(*net.TCPAddr).Port)
		if Connected([]uint16{port}) {
			t.Errorf("%s counts as connected while it only listens", address)
		}
		connection, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		if !Connected([]uint16{port}) {
			t.Errorf("a connection to %s does not count", address)
		}
	}
}
