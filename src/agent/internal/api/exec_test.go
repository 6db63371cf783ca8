package api_test

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sandkeep.dev/agent/internal/apitest"
)

func sh(script string) []string { return []string{"/bin/sh", "-c", script} }

func TestExecTellsHowAProcessEnds(t *testing.T) {
	t.Parallel()
	c := serve(t)
	for script, want := range map[string]string{
		"exit 0":                     "0 null timedOut=false",
		"exit 3":                     "3 null timedOut=false",
		"exit 255":                   "255 null timedOut=false",
		"kill -TERM $$":              "143 SIGTERM timedOut=false",
		"kill -KILL $$":              "137 SIGKILL timedOut=false",
		"ulimit -c 0; kill -SEGV $$": "139 SIGSEGV timedOut=false",
		"kill -40 $$":                "168 SIGRTMIN+6 timedOut=false",
		"sleep 100 & exit 5":         "5 null timedOut=false",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			if got := c.exec(map[string]any{"command": sh(script)}).Exit.String(); got != want {
				t.Errorf("exit %s, want %s", got, want)
			}
		})
	}
}

func TestExecKillsTheGroupAtItsTimeout(t *testing.T) {
	t.Parallel()
	c := serve(t)
	got := c.exec(map[string]any{"command": sh("sleep 100 & echo $!; wait"), "timeoutMilliseconds": 2000})
	if got.Exit.String() != "137 SIGKILL timedOut=true" {
		t.Errorf("exit %s", got.Exit)
	}
	waitUntilGone(t, strings.TrimSpace(got.Stdout))
}

func TestExecKeepsStreamsApartAndBytesAsTheyAre(t *testing.T) {
	t.Parallel()
	c := serve(t)
	data := make([]byte, 3<<20)
	_, _ = rand.Read(data)
	got := c.exec(map[string]any{"command": sh("tee /dev/stderr"), "stdin": base64.StdEncoding.EncodeToString(data)})
	if got.Stdout != string(data) || got.Stderr != string(data) {
		t.Errorf("got %d bytes of stdout and %d of stderr back, not the %d sent", len(got.Stdout), len(got.Stderr), len(data))
	}
}

func TestExecGivesTheEnvironmentAndDirectoryAskedFor(t *testing.T) {
	t.Parallel()
	c := serve(t)
	directory := t.TempDir()
	program := filepath.Join(directory, "own-program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho own $0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		body map[string]any
		want string
	}{
		"directory":                 {map[string]any{"command": []string{"/bin/pwd"}, "workdir": directory}, directory},
		"inherited variable":        {map[string]any{"command": sh("echo $HOME")}, os.Getenv("HOME")},
		"added variable":            {map[string]any{"command": sh("echo $A"), "env": map[string]string{"A": "b c"}}, "b c"},
		"replaced variable":         {map[string]any{"command": sh("echo $HOME"), "env": map[string]string{"HOME": "/x"}}, "/x"},
		"variable of a Secret":      {map[string]any{"command": sh("echo $A $B"), "secretEnv": map[string]string{"A": "a", "B": "b"}}, "a b"},
		"variable over a Secret's":  {map[string]any{"command": sh("echo $A $B"), "secretEnv": map[string]string{"A": "a", "B": "b"}, "env": map[string]string{"A": "own"}}, "own b"},
		"name that no shell knows":  {map[string]any{"command": []string{"/usr/bin/printenv", "tls.crt"}, "secretEnv": map[string]string{"tls.crt": "pem"}}, "pem"},
		"program found by PATH":     {map[string]any{"command": []string{"own-program"}, "env": map[string]string{"PATH": directory}}, "own " + program},
		"program in relative PATH":  {map[string]any{"command": []string{"own-program"}, "workdir": "/", "env": map[string]string{"PATH": "." + directory}}, "own ./." + program},
		"program below workdir":     {map[string]any{"command": []string{"./own-program"}, "workdir": directory}, "own ./own-program"},
		"no input":                  {map[string]any{"command": sh("cat; echo end")}, "end"},
		"session and group":         {map[string]any{"command": sh("set -- $(cat /proc/$$/stat); [ $1 = $5 ] && [ $1 = $6 ] && echo leads")}, "leads"},
		"words that are not a list": {map[string]any{"command": []string{"/bin/echo", "a b", "", "*", "$HOME"}}, "a b  * $HOME"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := c.exec(test.body)
			if strings.TrimSpace(got.Stdout) != test.want {
				t.Errorf("stdout %q, stderr %q, want %q", got.Stdout, got.Stderr, test.want)
			}
		})
	}
}

func TestExecSendsOutputAsItComes(t *testing.T) {
	t.Parallel()
	c := serve(t)
	fifo := filepath.Join(t.TempDir(), "fifo")
	response := c.Send("POST", "/exec", fmt.Sprintf(`{"command":["/bin/sh","-c","echo first; mkfifo %s; read go < %s; echo second"]}`, fifo, fifo))
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	for range 2 {
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	c.exec(map[string]any{"command": sh("while [ ! -p " + fifo + " ]; do sleep 0.01; done; echo go > " + fifo)})
	line, err := lines.ReadString('\n')
	if want := base64.StdEncoding.EncodeToString([]byte("second\n")); err != nil || !strings.Contains(line, want) {
		t.Errorf("third frame %s (%v), want one with %s", line, err, want)
	}
	_, _ = lines.ReadString('\n')
}

func TestTheFirstOutputDoesNotWaitForTheEnd(t *testing.T) {
	t.Parallel()
	c := serve(t)
	began := time.Now()
	response := c.Send("POST", "/exec", `{"id":"lives","command":["/bin/sh","-c","echo first; exec sleep 1000"]}`)
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	_, _ = lines.ReadString('\n')
	line, err := lines.ReadString('\n')
	if want := base64.StdEncoding.EncodeToString([]byte("first\n")); err != nil || !strings.Contains(line, want) {
		t.Errorf("second frame %s (%v), want one with %s", line, err, want)
	}
	// It is held back for 100 ms, in which a command that is shorter has ended; the rest is for a busy machine.
	if held := time.Since(began); held > 20*time.Second {
		t.Errorf("it came after %v", held)
	}
	if p := apitest.Answer[view](c.Client, "GET", "/processes/lives", "", 200); p.State != "running" {
		t.Errorf("by then it is %s", p.State)
	}
}

func TestExecIsNotHeldUpByWhatTheProcessLeavesBehind(t *testing.T) {
	t.Parallel()
	c := serve(t)
	fifo := filepath.Join(t.TempDir(), "fifo")
	got := c.exec(map[string]any{"id": "left", "command": sh("mkfifo " + fifo + "; (read go < " + fifo + "; echo late) & head -c 300000 /dev/zero")})
	if len(got.Stdout) != 300_000 || got.Exit.Code != 0 {
		t.Fatalf("got %d bytes, exit %s", len(got.Stdout), got.Exit)
	}
	c.exec(map[string]any{"command": sh("echo go > " + fifo)})
	for !apitest.Answer[view](c.Client, "GET", "/processes/left", "", 200).Stdout.Closed {
	}
	if _, late := c.Text("GET", "/processes/left/stdout?offset=300000", ""); late != "late\n" {
		t.Errorf("what came after the exit: %q", late)
	}
}

func TestExecManyAtOnce(t *testing.T) {
	t.Parallel()
	c := serve(t)
	done := make(chan string)
	for i := range 200 {
		go func() {
			got := c.exec(map[string]any{"command": sh(fmt.Sprintf("echo %d; exit %d", i, i%256))})
			done <- map[bool]string{true: "", false: fmt.Sprintf("%d: %+v", i, got)}[got.Stdout == fmt.Sprintln(i) && got.Exit.Code == i%256]
		}()
	}
	for range 200 {
		if wrong := <-done; wrong != "" {
			t.Error(wrong)
		}
	}
}

func TestExecUnderTheSameIdAnswersTheSameProcess(t *testing.T) {
	t.Parallel()
	c := serve(t)
	body := map[string]any{"id": "same", "command": sh("echo $$; cat"), "stdin": base64.StdEncoding.EncodeToString([]byte("in"))}
	first, again := c.exec(body), c.exec(body)
	if first.Stdout != again.Stdout || !strings.HasSuffix(first.Stdout, "\nin") {
		t.Errorf("first %q, again %q", first.Stdout, again.Stdout)
	}
	body["stdin"] = ""
	refused := apitest.Answer[refusal](c.Client, "POST", "/exec", encode(body), 409)
	if refused.Code != "conflict" {
		t.Errorf("another input under the same id: %+v", refused)
	}
}

func TestExecLeavesStdinOpenWhereItIsAskedTo(t *testing.T) {
	t.Parallel()
	c := serve(t)
	response := c.Send("POST", "/exec", `{"id": "cat", "command": ["cat"], "stdinOpen": true}`)
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	if !lines.Scan() || lines.Text() != `{"process":"cat"}` {
		t.Fatalf("first line %q of %d: %v", lines.Text(), response.StatusCode, lines.Err())
	}
	if status, text := c.Text("PUT", "/processes/cat/stdin?offset=0&eof=true", "hello\n"); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	for _, want := range []string{`{"stream":"stdout","offset":0,"data":"aGVsbG8K"}`, `{"exit":{"code":0,"signal":null,"timedOut":false}}`} {
		if !lines.Scan() || lines.Text() != want {
			t.Errorf("got %s, want %s", lines.Text(), want)
		}
	}
}

func TestExecRefusesStdinThatIsGivenAndLeftOpen(t *testing.T) {
	t.Parallel()
	status, text := serve(t).Text("POST", "/exec", `{"command": ["cat"], "stdin": "aGVsbG8K", "stdinOpen": true}`)
	if status != 400 || !strings.Contains(text, "stdin excludes stdinOpen") {
		t.Errorf("%d %s", status, text)
	}
}
