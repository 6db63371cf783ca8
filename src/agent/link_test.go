package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sandkeep.dev/agent/internal/apitest"
)

// pipes are the client's ends of what a Kubernetes exec stream gives to connect.
type pipes struct {
	io.Reader
	io.Writer
	close func()
}

func (p pipes) Close() error                     { p.close(); return nil }
func (p pipes) LocalAddr() net.Addr              { return &net.UnixAddr{} }
func (p pipes) RemoteAddr() net.Addr             { return &net.UnixAddr{} }
func (p pipes) SetDeadline(time.Time) error      { return nil }
func (p pipes) SetReadDeadline(time.Time) error  { return nil }
func (p pipes) SetWriteDeadline(time.Time) error { return nil }

// connect starts the command with pipes.
func connect(t *testing.T, run string) (*exec.Cmd, pipes) {
	t.Helper()
	return connectAs(t, "connect", "--run", run)
}

// connectAs starts any command with pipes.
func connectAs(t *testing.T, args ...string) (*exec.Cmd, pipes) {
	t.Helper()
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := command(args...)
	c.Stdin, c.Stdout, c.Stderr = theirIn, theirOut, os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	t.Cleanup(func() { c.Process.Kill(); c.Wait(); in.Close(); out.Close() })
	return c, pipes{out, in, func() { in.Close() }}
}

func over(connection net.Conn) *http.Client {
	used := false
	return apitest.Over(func(context.Context) (net.Conn, error) {
		if used {
			return nil, errors.New("the link is closed")
		}
		used = true
		return connection, nil
	})
}

func TestConnectIsALinkToTheAPI(t *testing.T) {
	t.Parallel()
	a := start(t, `{}`)
	// Before the agent serves, perhaps before there is a socket.
	process, connection := connect(t, a.run)
	client := over(connection)
	for range 3 {
		response, err := client.Post("http://agent/exec", "application/json", strings.NewReader(`{"command":["sh","-c","head -c 3000000 /dev/zero"]}`))
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, response.Body)
		if err != nil || n < 4_000_000 {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
	connection.Close()
	if err := process.Wait(); err != nil {
		t.Errorf("connect ended with %v", err)
	}
	a.ask("GET", "/info", "")
}

func TestALinkEndsWithConnect(t *testing.T) {
	t.Parallel()
	a := start(t, `{}`)
	process, connection := connect(t, a.run)
	if response, err := over(connection).Get("http://agent/info"); err != nil || response.StatusCode != 200 {
		t.Fatal(response, err)
	}
	process.Process.Kill()
	if n, err := io.Copy(io.Discard, connection); err != nil {
		t.Errorf("after %d bytes: %v", n, err)
	}
	a.ask("GET", "/info", "")
}

func TestEverythingArrivesOverALinkBeforeTheSandboxEnds(t *testing.T) {
	t.Parallel()
	for range 5 {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		a := start(t, `{"lingerSeconds":20}`, "sh", "-c", "read go < "+fifo+"; seq 100000; exit 9")
		_, connection := connect(t, a.run)
		client := over(connection)
		output, err := client.Get("http://agent/processes/entrypoint/stdout")
		if err != nil {
			t.Fatal(err)
		}
		exits := make(chan string, 1)
		go func() {
			response, err := client.Get("http://agent/processes/entrypoint/exit?wait=60")
			if err != nil {
				exits <- err.Error()
				return
			}
			text, _ := io.ReadAll(response.Body)
			exits <- string(text)
		}()
		if err := os.WriteFile(fifo, []byte("go\n"), 0); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(output.Body)
		if err != nil || len(text) != 588895 {
			t.Errorf("%d bytes of output, %v", len(text), err)
		}
		if exit := <-exits; !strings.Contains(exit, `"code":9`) {
			t.Errorf("exit %s", exit)
		}
		if code, _, _ := a.end(); code != 9 {
			t.Errorf("ended with %d", code)
		}
	}
}

func TestConnectWithoutAnAgentSaysSo(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	began := time.Now()
	out, err := command("connect", "--run", directory).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "cannot connect to the agent at "+directory) || time.Since(began) < 4*time.Second {
		t.Errorf("%v after %v: %s", err, time.Since(began), out)
	}
}

func TestWhoHandsNothingOverIsCutOff(t *testing.T) {
	t.Parallel()
	a := start(t, `{}`)
	a.ask("GET", "/info", "")
	connection, err := net.Dial("unix", filepath.Join(a.run, "link.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write([]byte("PRI * HTTP/2.0\r\n")); err != nil {
		t.Fatal(err)
	}
	if n, err := connection.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("got %d bytes, %v", n, err)
	}
}
