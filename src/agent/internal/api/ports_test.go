package api_test

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"testing"
)

func TestAPortIsReachedThroughOneRequest(t *testing.T) {
	t.Parallel()
	c := serve(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	heard := make(chan string, 1)
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		connection.Write([]byte("hello"))
		connection.(*net.TCPConn).CloseWrite()
		rest, _ := io.ReadAll(connection)
		heard <- string(rest)
	}()
	body, up := io.Pipe()
	port := listener.Addr().(*net.TCPAddr).Port
	response, err := c.stream("POST", "/ports/"+strconv.Itoa(port), body)
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
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		io.ReadFull(connection, make([]byte, 1))
		connection.(*net.TCPConn).SetLinger(0)
		connection.Close()
	}()
	body, up := io.Pipe()
	defer up.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	response, err := c.stream("POST", "/ports/"+strconv.Itoa(port), body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	up.Write([]byte("x"))
	if got, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("%q came as if it were all", got)
	}
}
