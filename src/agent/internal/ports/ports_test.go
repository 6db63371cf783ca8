package ports_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
	"testing"

	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/ports"
)

// listen serves one connection at an address and gives the port.
func listen(t *testing.T, address string, serve func(*net.TCPConn)) uint16 {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		if connection, err := listener.Accept(); err == nil {
			serve(connection.(*net.TCPConn))
			connection.Close()
		}
	}()
	return uint16(listener.Addr().(*net.TCPAddr).Port)
}

// client is the far end of a joined connection: up is written, and down read frame by frame.
type client struct {
	t      *testing.T
	up     *io.PipeWriter
	down   *io.PipeReader
	cancel context.CancelFunc
	joined chan error
}

func join(t *testing.T, port uint16) *client {
	t.Helper()
	connection, err := ports.Dial(t.Context(), port)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	body, up := io.Pipe()
	down, reply := io.Pipe()
	c := &client{t, up, down, cancel, make(chan error, 1)}
	go func() {
		err := ports.Join(ctx, connection, body, reply)
		reply.CloseWithError(err)
		c.joined <- err
	}()
	return c
}

// rest is all that comes from the port until it ends.
func (c *client) rest() []byte {
	c.t.Helper()
	var all []byte
	for {
		var header [4]byte
		if _, err := io.ReadFull(c.down, header[:]); err != nil {
			c.t.Fatalf("after %d octets: %v", len(all), err)
		}
		length := binary.BigEndian.Uint32(header[:])
		if length == 0 {
			return all
		}
		octets := make([]byte, length)
		if _, err := io.ReadFull(c.down, octets); err != nil {
			c.t.Fatal(err)
		}
		all = append(all, octets...)
	}
}

func TestMegabytesArriveBothWays(t *testing.T) {
	t.Parallel()
	c := join(t, listen(t, "127.0.0.1", func(connection *net.TCPConn) { io.Copy(connection, connection) }))
	octets := make([]byte, 20<<20)
	rand.NewChaCha8([32]byte{}).Read(octets)
	go func() {
		c.up.Write(octets)
		c.up.Close()
	}()
	if got := c.rest(); sha256.Sum256(got) != sha256.Sum256(octets) {
		t.Errorf("%d octets came back, not the %d that were sent", len(got), len(octets))
	}
	if err := <-c.joined; err != nil {
		t.Error(err)
	}
}

func TestTheClientMayEndFirst(t *testing.T) {
	t.Parallel()
	c := join(t, listen(t, "127.0.0.1", func(connection *net.TCPConn) {
		request, _ := io.ReadAll(connection)
		connection.Write(append([]byte("got "), request...))
	}))
	c.up.Write([]byte("all of it"))
	c.up.Close()
	if got := c.rest(); string(got) != "got all of it" {
		t.Errorf("%q", got)
	}
}

func TestTheProgramMayEndFirst(t *testing.T) {
	t.Parallel()
	heard := make(chan []byte, 1)
	c := join(t, listen(t, "127.0.0.1", func(connection *net.TCPConn) {
		connection.Write([]byte("greeting"))
		connection.CloseWrite()
		all, _ := io.ReadAll(connection)
		heard <- all
	}))
	if got := c.rest(); string(got) != "greeting" {
		t.Errorf("%q", got)
	}
	c.up.Write([]byte("late "))
	c.up.Write([]byte("words"))
	c.up.Close()
	if got := <-heard; string(got) != "late words" {
		t.Errorf("the program got %q after its own end", got)
	}
	if err := <-c.joined; err != nil {
		t.Error(err)
	}
}

func TestAProgramThatIsDoneEndsTheConnectionAlthoughTheClientGoesOn(t *testing.T) {
	t.Parallel()
	answered := make(chan struct{})
	c := join(t, listen(t, "127.0.0.1", func(connection *net.TCPConn) {
		connection.Write([]byte("answer"))
		connection.CloseWrite()
		<-answered
	}))
	if got := c.rest(); string(got) != "answer" {
		t.Errorf("%q", got)
	}
	close(answered)
	go func() {
		for {
			if _, err := c.up.Write([]byte("unwanted")); err != nil {
				return
			}
		}
	}()
	if err := <-c.joined; err != nil {
		t.Error(err)
	}
	c.up.Close()
}

func TestAResetIsNoEnd(t *testing.T) {
	t.Parallel()
	c := join(t, listen(t, "127.0.0.1", func(connection *net.TCPConn) {
		io.ReadFull(connection, make([]byte, 1))
		connection.SetLinger(0)
	}))
	c.up.Write([]byte("x"))
	if _, err := io.ReadAll(c.down); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v", err)
	}
	if err := <-c.joined; err == nil {
		t.Error("the join ended as if all had arrived")
	}
}

func TestAResetThatAWriteHeardOfIsNoEnd(t *testing.T) {
	t.Parallel()
	for range 50 {
		c := join(t, listen(t, "127.0.0.1", func(connection *net.TCPConn) {
			connection.Write(make([]byte, 64<<10))
			io.ReadFull(connection, make([]byte, 1))
			connection.SetLinger(0)
		}))
		go func() {
			for {
				if _, err := c.up.Write([]byte("x")); err != nil {
					return
				}
			}
		}()
		if got, err := io.ReadAll(c.down); err == nil {
			t.Fatalf("%d octets came as if they were all", len(got))
		}
		if err := <-c.joined; err == nil {
			t.Fatal("the join ended as if all had arrived")
		}
		c.up.Close()
	}
}

func TestTheProgramSeesAResetWhenTheClientBreaksOff(t *testing.T) {
	t.Parallel()
	for name, breakOff := range map[string]func(*client){
		"in the middle of its body": func(c *client) { c.up.CloseWithError(io.ErrUnexpectedEOF) },
		"for good":                  func(c *client) { c.cancel(); c.up.CloseWithError(context.Canceled) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := make(chan error, 1)
			c := join(t, listen(t, "127.0.0.1", func(connection *net.TCPConn) {
				_, err := io.ReadAll(connection)
				seen <- err
			}))
			c.up.Write([]byte("half"))
			breakOff(c)
			if err := <-seen; !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%v", err)
			}
			if err := <-c.joined; err == nil {
				t.Error("the join ended as if all had arrived")
			}
		})
	}
}

func TestAnAddressOfTheSandboxCountsThatIsNotLoopback(t *testing.T) {
	t.Parallel()
	addresses := ports.Addresses()
	own := addresses[len(addresses)-1]
	if own == "::1" {
		t.Log("this machine has no address but loopback")
		own = "127.0.0.1"
	}
	c := join(t, listen(t, own, func(connection *net.TCPConn) { connection.Write([]byte("here")) }))
	c.up.Close()
	if got := c.rest(); string(got) != "here" {
		t.Errorf("%q", got)
	}
}

func TestAPortWhereNothingListensIsUnavailable(t *testing.T) {
	t.Parallel()
	// The client's end of a connection: nothing listens there, nor will anything while it is open.
	taken, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(listen(t, "127.0.0.1", func(*net.TCPConn) {})))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	port := uint16(taken.LocalAddr().(*net.TCPAddr).Port)
	_, err = ports.Dial(t.Context(), port)
	refusal := fault.Of(err)
	if refusal.Code != fault.Unavailable || refusal.Resource != fault.Port || !bytes.Contains([]byte(refusal.Message), []byte(strconv.Itoa(int(port)))) {
		t.Errorf("%+v", refusal)
	}
}
