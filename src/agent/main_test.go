package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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

// asAgent makes this test binary be the agent.
const asAgent = "SANDKEEP_TEST_AS_AGENT"

func TestMain(m *testing.M) {
	if os.Getenv(asAgent) != "" {
		os.Unsetenv(asAgent)
		main()
	}
	os.Exit(m.Run())
}

// agent is one that runs as process 1 of a PID namespace of its own.
type agent struct {
	t       *testing.T
	run     string
	log     bytes.Buffer
	command *exec.Cmd
	http    *http.Client
}

func command(args ...string) *exec.Cmd {
	c := exec.Command("/proc/self/exe", args...)
	// The race detector would make every agent take a second to end.
	c.Env = append(os.Environ(), asAgent+"=1", "GORACE=atexit_sleep_ms=0")
	return c
}

func start(t *testing.T, config string, args ...string) *agent {
	t.Helper()
	a := &agent{t: t, run: t.TempDir()}
	if err := os.WriteFile(a.terminationLog(), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	a.command = command(append([]string{"init", "--run", a.run, "--termination-log", a.terminationLog(), "--config", config, "--"}, args...)...)
	a.command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		a.command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		a.command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		a.command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	a.command.Stdout, a.command.Stderr = &a.log, &a.log
	if err := a.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.command.Process.Kill(); a.command.Wait() })
	a.http = apitest.OverSocket(filepath.Join(a.run, "agent.sock"))
	return a
}

func (a *agent) terminationLog() string { return filepath.Join(a.run, "termination-log") }

// get asks until the agent serves.
func (a *agent) ask(method, path, body string) (int, string) {
	a.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		request, _ := http.NewRequestWithContext(a.t.Context(), method, "http://agent"+path, strings.NewReader(body))
		response, err := a.http.Do(request)
		if (errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED)) && time.Now().Before(deadline) {
			continue
		}
		if err != nil {
			a.t.Fatalf("%s %s: %v; the agent's log: %s", method, path, err, a.log.String())
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			a.t.Fatalf("%s %s: %v after %q", method, path, err, text)
		}
		return response.StatusCode, string(text)
	}
}

// end waits for the agent and gives its exit code and termination message.
func (a *agent) end() (code int, reason, message string) {
	a.t.Helper()
	_ = a.command.Wait()
	text, err := os.ReadFile(a.terminationLog())
	if err != nil {
		a.t.Fatal(err)
	}
	var said struct{ Reason, Message string }
	if len(text) > 0 {
		if err := json.Unmarshal(text, &said); err != nil {
			a.t.Fatalf("the termination message %q: %v", text, err)
		}
	}
	return a.command.ProcessState.ExitCode(), said.Reason, said.Message
}

func TestEnds(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("no program"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		config  string
		command []string
		code    int
		reason  string
		says    string
		log     string
	}{
		"when the command succeeds":    {``, []string{"sh", "-c", "echo out; echo more"}, 0, "Completed", "", "out\nmore\n"},
		"with errors in the log":       {``, []string{"sh", "-c", "echo err >&2"}, 0, "Completed", "", "err\n"},
		"with the command's code":      {`{}`, []string{"sh", "-c", "exit 42"}, 42, "Error", "exited with code 42", ""},
		"by the command's signal":      {`{}`, []string{"sh", "-c", "kill -9 $$"}, 137, "Error", "ended by SIGKILL", ""},
		"at its timeout":               {`{"timeoutSeconds":1}`, []string{"sleep", "100"}, 124, "Timeout", "timeoutSeconds (1) is over", ""},
		"at its timeout, idle":         {`{"timeoutSeconds":1}`, nil, 124, "Timeout", "", ""},
		"when it is not used":          {`{"idleTimeoutSeconds":1}`, []string{"sleep", "100"}, 124, "IdleTimeout", "idle for idleTimeoutSeconds (1)", ""},
		"when it is not used, idle":    {`{"idleTimeoutSeconds":1}`, nil, 124, "IdleTimeout", "", ""},
		"without such a program":       {``, []string{"no-such-program"}, 127, "StartError", "executable file not found in $PATH (PATH=", "sandkeep agent: Cannot start"},
		"without such a file":          {``, []string{"/nowhere/x"}, 127, "StartError", "no such file", ""},
		"without permission":           {``, []string{plain}, 126, "StartError", "not executable", ""},
		"with a command that is empty": {``, []string{""}, 126, "StartError", "must name a program", ""},
		"with a config that is wrong":  {`{"timeout":1}`, []string{"true"}, 126, "StartError", `unknown field "timeout"`, ""},
		"with a limit that is wrong":   {`{"idleTimeoutSeconds":-1}`, []string{"true"}, 126, "StartError", "idleTimeoutSeconds must be from 0", ""},
		"with a probe that is wrong":   {`{"readiness":{}}`, []string{"true"}, 126, "StartError", "exactly one of tcp and exec", ""},
		"with a terminal":              {`{"tty":true}`, []string{"sh", "-c", "tty && stty size"}, 0, "Completed", "", "24 80\r\n"},
		"with all else killed":         {``, []string{"sh", "-c", "setsid sleep 100 & echo over"}, 0, "Completed", "", "over\n"},
		"with no descriptors left":     {``, []string{"ls", "/proc/self/fd"}, 0, "Completed", "", "0\n1\n2\n3\n"},
		"with all signals as usual":    {``, []string{"sh", "-c", "grep -E '^Sig(Blk|Ign)' /proc/self/status"}, 0, "Completed", "", "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"},
		"as process 1 of its sandbox":  {``, []string{"sh", "-c", "echo $PPID"}, 0, "Completed", "", "1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, test.config, test.command...)
			code, reason, message := a.end()
			if code != test.code || reason != test.reason || !strings.Contains(message, test.says) {
				t.Errorf("ended with %d, %s, %q; want %d, %s, %q", code, reason, message, test.code, test.reason, test.says)
			}
			if log := a.log.String(); !strings.Contains(log, test.log) {
				t.Errorf("log %q, want %q", log, test.log)
			}
		})
	}
}

func TestWhenTerminated(t *testing.T) {
	t.Parallel()
	trap := []string{"sh", "-c", "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done"}
	stubborn := []string{"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done"}
	for name, test := range map[string]struct {
		config  string
		command []string
		code    int
		reason  string
		says    string
	}{
		"without grace it is killed":                     {`{}`, trap, 137, "", ""},
		"with grace the command ends it":                 {`{"terminationGracePeriodSeconds":60}`, trap, 7, "Error", "exited with code 7"},
		"when grace is over it is killed":                {`{"terminationGracePeriodSeconds":1}`, stubborn, 137, "", ""},
		"with grace its deadline counts":                 {`{"terminationGracePeriodSeconds":60,"timeoutSeconds":5}`, stubborn, 124, "Timeout", ""},
		"without a command there is nothing to wait for": {`{"terminationGracePeriodSeconds":60}`, nil, 137, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, test.config, test.command...)
			a.ask("GET", "/info", "")
			for test.command != nil {
				if _, text := a.ask("GET", "/processes/entrypoint", ""); !strings.Contains(text, `"stdout":{"start":0,"end":0`) {
					break
				}
			}
			if err := a.command.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if code, reason, message := a.end(); code != test.code || reason != test.reason || !strings.Contains(message, test.says) {
				t.Errorf("ended with %d, %q, %q; want %d, %q, %q", code, reason, message, test.code, test.reason, test.says)
			}
		})
	}
}

func TestNothingStartsBeforeThePolicyHolds(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	marker := filepath.Join(t.TempDir(), "started")
	config := fmt.Sprintf(`{"deniedAddresses":[%q]}`, listener.Addr())
	a := start(t, config, "touch", marker)
	for range 3 {
		connection, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		connection.Close()
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("the command was started while the denied address could be reached")
	}
	if _, err := os.Stat(filepath.Join(a.run, "agent.sock")); err == nil {
		t.Error("the agent serves while the denied address can be reached")
	}
	listener.Close()
	if code, reason, message := a.end(); code != 0 || reason != "Completed" {
		t.Errorf("ended with %d, %q, %q", code, reason, message)
	}
	if _, err := os.Stat(marker); err != nil {
		t.Error(err)
	}
}

func TestIsTerminatedWhileItWaitsForThePolicy(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	a := start(t, fmt.Sprintf(`{"deniedAddresses":[%q]}`, listener.Addr()), "true")
	if _, err := listener.Accept(); err != nil {
		t.Fatal(err)
	}
	if err := a.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, reason, _ := a.end(); code != 137 || reason != "" {
		t.Errorf("ended with %d, %q; want 137", code, reason)
	}
}

func TestOrphansAreCollectedAndNoExitIsMistaken(t *testing.T) {
	t.Parallel()
	a := start(t, `{}`)
	type result struct {
		want int
		text string
	}
	results := make(chan result)
	const at, each = 8, 25
	for worker := range at {
		go func() {
			for i := range each {
				want := (worker*each + i) % 256
				script := fmt.Sprintf(`for i in 1 2 3; do (sleep 0.0$i; exit 99) & done; (true &); exit %d`, want)
				_, text := a.ask("POST", "/exec", fmt.Sprintf(`{"command":["sh","-c",%q]}`, script))
				results <- result{want, text}
			}
		}()
	}
	for range at * each {
		if r := <-results; !strings.Contains(r.text, fmt.Sprintf(`{"exit":{"code":%d,`, r.want)) {
			t.Errorf("want code %d: %s", r.want, r.text)
		}
	}
	waitFor(t, "all orphans to be collected", func() bool {
		zombies, children := childrenOf(t, a.command.Process.Pid)
		return zombies == 0 && children == 0
	})
}

// childrenOf counts what a process has still to collect, and what runs.
func childrenOf(t *testing.T, pid int) (zombies, children int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		var state string
		var parent int
		_, after, _ := strings.Cut(string(stat), ") ")
		if _, err := fmt.Sscan(after, &state, &parent); err != nil {
			t.Fatal(err)
		}
		if parent == pid {
			children++
			if state == "Z" {
				zombies++
			}
		}
	}
	return zombies, children
}

func TestSignalsFromInsideDoNotCrashIt(t *testing.T) {
	t.Parallel()
	a := start(t, `{}`)
	a.ask("POST", "/exec", `{"command":["sh","-c","for s in HUP USR2 PIPE ALRM VTALRM PROF ABRT TRAP ILL SEGV BUS FPE SYS XCPU XFSZ IO STOP TSTP TTIN KILL 35 64; do kill -$s 1; done"]}`)
	if status, text := a.ask("GET", "/info", ""); status != 200 || !strings.Contains(text, `"pid":1,`) {
		t.Errorf("%d %s", status, text)
	}
	a.ask("POST", "/exec", `{"command":["sh","-c","kill -TERM 1"]}`)
	if code, _, _ := a.end(); code != 137 {
		t.Errorf("ended with %d", code)
	}
}

func TestEndsAtOnceThoughRequestsWait(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	a := start(t, `{"readiness":{"exec":{"command":["false"]}}}`, "sh", "-c", "read go < "+fifo)
	answers := make(chan string)
	for _, path := range []string{"/readiness?wait=60", "/processes/entrypoint/exit?wait=60", "/processes/other/exit?wait=60", "/processes/other/stdout"} {
		a.ask("POST", "/processes", `{"id":"other","command":["sleep","100"]}`)
		go func() {
			_, text := a.ask("GET", path, "")
			answers <- path + " " + text
		}()
	}
	for range 3 {
		a.ask("GET", "/readiness?wait=0.1", "")
	}
	if err := os.WriteFile(fifo, []byte("go\n"), 0); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var all string
	for range 4 {
		all += <-answers + "\n"
	}
	a.end()
	if spent := time.Since(began); spent > 20*time.Second {
		t.Errorf("it took %v to end %s", spent, a.log.String())
	}
	for _, want := range []string{`/readiness?wait=60 {"state"`, `entrypoint/exit?wait=60 {"code":0`, `other/exit?wait=60 {"code":137`, "other/stdout \n"} {
		if !strings.Contains(all, want) {
			t.Errorf("answers %s lack %s", all, want)
		}
	}
}

func TestTheEntrypointIsTimedOutWithItsSandbox(t *testing.T) {
	t.Parallel()
	a := start(t, `{"timeoutSeconds":5}`, "sleep", "100")
	if _, exit := a.ask("GET", "/processes/entrypoint/exit?wait=60", ""); exit != `{"code":137,"signal":"SIGKILL","timedOut":true}` {
		t.Errorf("its exit is %s", exit)
	}
	if code, reason, _ := a.end(); code != 124 || reason != "Timeout" {
		t.Errorf("the sandbox ended with %d, %s", code, reason)
	}
}

func TestLimitsChangeWhileItRuns(t *testing.T) {
	t.Parallel()
	a := start(t, `{"timeoutSeconds":3600}`, "sleep", "1000")
	for _, change := range []struct{ wanted, kept string }{
		{`{"generation":2,"timeoutSeconds":7200,"idleTimeoutSeconds":600}`, `{"generation":2,"timeoutSeconds":7200,"idleTimeoutSeconds":600}`},
		{`{"generation":1,"timeoutSeconds":9000}`, `{"generation":2,"timeoutSeconds":7200,"idleTimeoutSeconds":600}`},
		{`{"generation":3,"timeoutSeconds":10}`, `{"generation":3,"timeoutSeconds":7200,"idleTimeoutSeconds":0}`},
	} {
		if status, kept := a.ask("PUT", "/limits", change.wanted); status != 200 || kept != change.kept {
			t.Errorf("%s: %d %s, want %s", change.wanted, status, kept, change.kept)
		}
	}
	if status, text := a.ask("PUT", "/limits", `{"generation":4,"timeoutSeconds":-1}`); status != 400 || !strings.Contains(text, "timeoutSeconds must be from 0") {
		t.Errorf("a negative timeout: %d %s", status, text)
	}
	a.ask("PUT", "/limits", `{"generation":5,"idleTimeoutSeconds":1}`)
	if code, reason, _ := a.end(); code != 124 || reason != "IdleTimeout" {
		t.Errorf("ended with %d, %s", code, reason)
	}
}

func TestWhatRunsKeepsItFromBeingIdle(t *testing.T) {
	t.Parallel()
	a := start(t, `{"idleTimeoutSeconds":1}`, "sleep", "1000")
	began := time.Now()
	if _, text := a.ask("POST", "/exec", `{"command":["sleep","2.5"]}`); !strings.Contains(text, `{"exit":{"code":0,`) {
		t.Errorf("a command in a sandbox that would be idle: %s", text)
	}
	code, reason, _ := a.end()
	if spent := time.Since(began); code != 124 || reason != "IdleTimeout" || spent < 3500*time.Millisecond {
		t.Errorf("ended with %d, %s after %v", code, reason, spent)
	}
}

func TestIsTerminatedByARequest(t *testing.T) {
	t.Parallel()
	a := start(t, `{"lingerSeconds":60}`, "sh", "-c", "trap '' TERM; echo unread; while :; do sleep 0.01; done")
	began := time.Now()
	if status, text := a.ask("POST", "/terminate", ""); status != 202 {
		t.Errorf("%d %s", status, text)
	}
	if code, reason, _ := a.end(); code != 137 || reason != "" || time.Since(began) > 20*time.Second {
		t.Errorf("ended with %d, %q after %v", code, reason, time.Since(began))
	}
}

func TestNothingStartsInASandboxThatEnds(t *testing.T) {
	t.Parallel()
	a := start(t, `{"lingerSeconds":30}`, "echo", "unread")
	a.ask("GET", "/processes/entrypoint/exit?wait=60", "")
	waitFor(t, "starts to be refused", func() bool {
		status, text := a.ask("POST", "/exec", `{"command":["true"]}`)
		return status == 412 && strings.Contains(text, `"resource":"sandbox"`) && strings.Contains(text, "its command has ended")
	})
	a.ask("GET", "/processes/entrypoint/stdout", "")
	if code, _, _ := a.end(); code != 0 {
		t.Errorf("ended with %d", code)
	}
}

func TestLingersForOutputThatNoClientHasRead(t *testing.T) {
	t.Parallel()
	a := start(t, `{"lingerSeconds":30}`, "sh", "-c", "seq 20000; echo last >&2; exit 3")
	a.ask("GET", "/processes/entrypoint/exit?wait=60", "")
	if _, out := a.ask("GET", "/processes/entrypoint/stdout", ""); !strings.HasSuffix(out, "\n20000\n") {
		t.Errorf("stdout ends with %q", out[max(0, len(out)-20):])
	}
	began := time.Now()
	if _, errs := a.ask("GET", "/processes/entrypoint/stderr", ""); errs != "last\n" {
		t.Errorf("stderr %q", errs)
	}
	if code, _, _ := a.end(); code != 3 || time.Since(began) > 10*time.Second {
		t.Errorf("ended with %d after %v", code, time.Since(began))
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	port := listener.Addr().(*net.TCPAddr).Port
	// The client's end of a connection: nothing listens there, nor will anything while it is open.
	taken, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	unused := taken.LocalAddr().(*net.TCPAddr).Port
	flag := filepath.Join(t.TempDir(), "flag")
	for name, test := range map[string]struct{ probe, state, says string }{
		"a port that listens":         {fmt.Sprintf(`{"tcp":{"port":%d}}`, port), "ready", `"attempts":1`},
		"a port that does not":        {fmt.Sprintf(`{"tcp":{"port":%d},"timeoutSeconds":1}`, unused), "failed", "not ready after 1s: dial tcp 127.0.0.1"},
		"a command that succeeds":     {`{"exec":{"command":["true"]}}`, "ready", `"readyAt":"2`},
		"a command that does later":   {fmt.Sprintf(`{"exec":{"command":["sh","-c","[ -e %s ] || { touch %s; exit 1; }"]},"intervalMilliseconds":20}`, flag, flag), "ready", `"attempts":2`},
		"a command that does not":     {`{"exec":{"command":["sh","-c","exit 5"]},"timeoutSeconds":4}`, "failed", "exited with code 5"},
		"a command that is not there": {`{"exec":{"command":["/nowhere"]},"timeoutSeconds":1}`, "failed", "no such file"},
		"a command that does not end": {`{"exec":{"command":["sleep","100"]},"timeoutSeconds":1}`, "failed", "not ready after 1s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, `{"readiness":`+test.probe+`}`)
			if _, text := a.ask("GET", "/readiness?wait=60", ""); !strings.Contains(text, `"state":"`+test.state+`"`) || !strings.Contains(text, test.says) {
				t.Errorf("%s, want %s, %s", text, test.state, test.says)
			}
		})
	}
	if _, text := start(t, `{}`).ask("GET", "/readiness?wait=60", ""); !strings.Contains(text, `"state":"none"`) {
		t.Errorf("without a probe: %s", text)
	}
}

func TestInstall(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	for range 2 {
		if out, err := command("install", directory).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	installed := exec.Command(filepath.Join(directory, "agent"), "version")
	installed.Env = append(os.Environ(), asAgent+"=1")
	if out, err := installed.Output(); err != nil || strings.TrimSpace(string(out)) != version {
		t.Errorf("the installed agent says %q, %v", out, err)
	}
	if entries, _ := os.ReadDir(directory); len(entries) != 1 {
		t.Errorf("left %v", entries)
	}
	if out, err := command("install", "/nowhere").CombinedOutput(); err == nil || !strings.Contains(string(out), "cannot install the agent as /nowhere/agent") {
		t.Errorf("%v: %s", err, out)
	}
}
