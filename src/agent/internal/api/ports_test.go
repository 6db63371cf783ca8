package api_test

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"testing"
)

// portOf gives a port at which one connection is served.
func portOf(t *testing.T, program func(*net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		if connection, err := listener.Accept(); err == nil {
			program(connection.(*net.TCPConn))
			connection.Close()
		}
	}()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

func TestAPortIsReachedThroughOneRequest(t *testing.T) {
	t.Parallel()
	c := serve(t)
	heard := make(chan string, 1)
	port := portOf(t, func(connection *net.TCPConn) {
		connection.Write([]byte("hello"))
		connection.CloseWrite()
		rest, _ := io.ReadAll(connection)
		heard <- string(rest)
	})
	body, up := io.Pipe()
	response, err := c.Stream("POST", "/ports/"+port, body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	want := []byte("\x00\x00\x00\x05hello\x00\x00\x00\x00")
	got := make([]byte, len(want))
	if _, err := io.ReadFull(response.Body, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q, want %q; %v", got, want, err)
	}
	up.Write([]byte("goodbye"))
	up.Close()
	if rest, err := io.ReadAll(response.Body); len(rest) > 0 || err != nil {
		t.Errorf("%q after the end; %v", rest, err)
	}
	if got := <-heard; got != "goodbye" {
		t.Errorf("the program got %q", got)
	}
}

func TestAPortThatResetsCutsTheResponse(t *testing.T) {
	t.Parallel()
	c := serve(t)
	port := portOf(t, func(connection *net.TCPConn) {
		io.ReadFull(connection, make([]byte, 1))
		connection.SetLinger(0)
	})
	body, up := io.Pipe()
	defer up.Close()
	response, err := c.Stream("POST", "/ports/"+port, body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	up.Write([]byte("x"))
	if got, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("%q came as if it were all", got)
	}
}
