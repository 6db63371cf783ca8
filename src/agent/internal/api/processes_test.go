package api_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sandkeep.dev/agent/internal/apitest"
)

type view struct {
	ID        string
	Command   []string
	State     string
	Pid       int
	StartedAt string
	ExitedAt  string
	Exit      *exit
	Stdout    struct {
		Start, End int64
		Closed     bool
	}
	Stderr struct {
		Start, End int64
		Closed     bool
	}
	Stdin input
}

type input struct {
	Offset int64
	Closed bool
}

type refusal struct {
	Code, Message, Resource string
	Details                 map[string]any
}

func TestStartIsIdempotentById(t *testing.T) {
	t.Parallel()
	c := serve(t)
	body := `{"id":"one","command":["/bin/sleep","100"],"env":{"A":"1","B":"2"}}`
	first := apitest.Answer[view](c.Client, "POST", "/processes", body, 201)
	again := apitest.Answer[view](c.Client, "POST", "/processes", `{"env":{"B":"2","A":"1"},"command":["/bin/sleep","100"],"id":"one"}`, 200)
	if first.Pid != again.Pid || first.ID != "one" || first.State != "running" {
		t.Errorf("first %+v, again %+v", first, again)
	}
	if other := apitest.Answer[refusal](c.Client, "POST", "/processes", `{"id":"one","command":["/bin/sleep","101"]}`, 409); other.Code != "conflict" {
		t.Errorf("another request: %+v", other)
	}
}

func TestARetryIsTheSameRequestWhateverItsSecretsHoldByThen(t *testing.T) {
	t.Parallel()
	c := serve(t)
	start := func(more string) string {
		return `{"id":"one","command":["/bin/sleep","100"],"secrets":["db"],"secretEnv":{"PASSWORD":"` + more + `}`
	}
	first := apitest.Answer[view](c.Client, "POST", "/processes", start(`old"}`), 201)
	if again := apitest.Answer[view](c.Client, "POST", "/processes", start(`new"}`), 200); again.Pid != first.Pid {
		t.Errorf("first %+v, again %+v", first, again)
	}
	for _, other := range []string{`old"},"env":{"TOKEN":"t"}`, `old"},"secrets":["db","more"]`} {
		if got := apitest.Answer[refusal](c.Client, "POST", "/processes", start(other), 409); got.Code != "conflict" {
			t.Errorf("with %s: %+v", other, got)
		}
	}
}

func TestNoAnswerShowsAVariable(t *testing.T) {
	t.Parallel()
	c := serve(t)
	const value = "hunter2"
	_, started := c.Text("POST", "/processes", `{"id":"one","command":["/bin/sleep","100"],"env":{"A":"hunter2"},"secretEnv":{"B":"hunter2"}}`)
	_, conflict := c.Text("POST", "/processes", `{"id":"one","command":["/bin/sleep","1"],"env":{"A":"hunter2"}}`)
	_, all := c.Text("GET", "/processes", "")
	_, refused := c.Text("POST", "/exec", `{"command":["/bin/true"],"secretEnv":{"B":"hunter2\u0000"}}`)
	for _, answer := range []string{started, conflict, all, refused} {
		if answer == "" || strings.Contains(answer, value) {
			t.Errorf("an answer is %s", answer)
		}
	}
}

func TestAnIdWhoseStartFailedIsFreeAgain(t *testing.T) {
	t.Parallel()
	c := serve(t)
	apitest.Answer[refusal](c.Client, "POST", "/processes", `{"id":"one","command":["/nowhere"]}`, 404)
	apitest.Answer[view](c.Client, "POST", "/processes", `{"id":"one","command":["/bin/true"]}`, 201)
}

func TestStdinTakesEveryByteOnce(t *testing.T) {
	t.Parallel()
	c := serve(t)
	apitest.Answer[view](c.Client, "POST", "/processes", `{"id":"cat","command":["/bin/cat"]}`, 201)
	for _, step := range []struct {
		query, body string
		status      int
		want        input
	}{
		{"?offset=0", "hello ", 200, input{6, false}},
		{"?offset=0", "hello ", 200, input{6, false}},
		{"?offset=3", "lo world", 200, input{11, false}},
		{"", "!", 200, input{12, false}},
		{"?offset=12&eof=true", "", 200, input{12, true}},
		{"?offset=5&eof=true", " world!", 200, input{12, true}},
	} {
		if got := apitest.Answer[input](c.Client, "PUT", "/processes/cat/stdin"+step.query, step.body, step.status); got != step.want {
			t.Errorf("PUT %s %q: %+v, want %+v", step.query, step.body, got, step.want)
		}
	}
	if _, out := c.Text("GET", "/processes/cat/stdout", ""); out != "hello world!" {
		t.Errorf("stdout %q", out)
	}
	if got := apitest.Answer[refusal](c.Client, "PUT", "/processes/cat/stdin?offset=12", "more", 412); got.Code != "failed_precondition" {
		t.Errorf("after the end: %+v", got)
	}
}

func TestStdinTakesEveryByteOfEveryWriterOnce(t *testing.T) {
	t.Parallel()
	c := serve(t)
	apitest.Answer[view](c.Client, "POST", "/processes", `{"id":"cat","command":["/bin/cat"]}`, 201)
	for _, step := range []struct {
		query, body string
		want        input
	}{
		{"?writer=a&offset=0", "one ", input{4, false}},
		{"?writer=b&offset=0", "two ", input{4, false}},
		{"?writer=a&offset=0", "one ", input{4, false}},
		{"?writer=b&offset=0", "two three ", input{10, false}},
		{"?offset=14", "! ", input{16, false}},
		{"?writer=a", "four", input{8, false}},
		{"?writer=b&offset=10&eof=true", "", input{10, true}},
		{"?writer=a&offset=4", "four", input{8, true}},
	} {
		if got := apitest.Answer[input](c.Client, "PUT", "/processes/cat/stdin"+step.query, step.body, 200); got != step.want {
			t.Errorf("PUT %s %q: %+v, want %+v", step.query, step.body, got, step.want)
		}
	}
	got := apitest.Answer[refusal](c.Client, "PUT", "/processes/cat/stdin?writer=c&offset=5", "x", 409)
	if got.Code != "conflict" || got.Details["offset"] != 0.0 {
		t.Errorf("%+v", got)
	}
	if _, out := c.Text("GET", "/processes/cat/stdout", ""); out != "one two three ! four" {
		t.Errorf("stdout %q", out)
	}
}

func TestStdinWithAGapSaysWhereToGoOn(t *testing.T) {
	t.Parallel()
	c := serve(t)
	apitest.Answer[view](c.Client, "POST", "/processes", `{"id":"cat","command":["/bin/cat"]}`, 201)
	apitest.Answer[input](c.Client, "PUT", "/processes/cat/stdin", "abc", 200)
	got := apitest.Answer[refusal](c.Client, "PUT", "/processes/cat/stdin?offset=5", "x", 409)
	if got.Code != "conflict" || got.Details["offset"] != 3.0 {
		t.Errorf("%+v", got)
	}
}

func TestStdinWaitsForASlowReaderAndEndsWithTheClient(t *testing.T) {
	t.Parallel()
	c := serve(t)
	apitest.Answer[view](c.Client, "POST", "/processes", `{"id":"p","command":["/bin/sh","-c","sleep 100 & echo $!; wait; cat | wc -c"]}`, 201)
	body, send := io.Pipe()
	left := errors.New("the client left")
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = send.Write(make([]byte, 1<<20))
	}()
	go func() {
		for apitest.Answer[view](c.Client, "GET", "/processes/p", "", 200).Stdin.Offset == 0 {
		}
		send.CloseWithError(left)
	}()
	if _, err := c.Stream("PUT", "/processes/p/stdin?offset=0", body); !errors.Is(err, left) {
		t.Errorf("the request that broke off: %v", err)
	}
	<-gone
	_, sleeper := c.firstLine("/processes/p/stdout")
	c.exec(map[string]any{"command": []string{"/bin/kill", sleeper}})
	at := apitest.Answer[input](c.Client, "PUT", "/processes/p/stdin", "", 200).Offset
	rest := make([]byte, 3<<20-at)
	if got := apitest.Answer[input](c.Client, "PUT", "/processes/p/stdin?eof=true&offset="+strconv.FormatInt(at, 10), string(rest), 200); got != (input{3 << 20, true}) {
		t.Errorf("%+v", got)
	}
	if _, out := c.Text("GET", "/processes/p/stdout", ""); !strings.HasSuffix(out, "\n3145728\n") {
		t.Errorf("the process read %q", out)
	}
}

func TestOutputCanBeReadByAnyNumberOfClientsAtAnyTime(t *testing.T) {
	t.Parallel()
	c := serve(t)
	apitest.Answer[view](c.Client, "POST", "/processes", `{"id":"p","command":["/bin/sh","-c","seq 100000; echo no >&2"]}`, 201)
	apitest.Answer[exit](c.Client, "GET", "/processes/p/exit?wait=60", "", 200)
	_, whole := c.Text("GET", "/processes/p/stdout", "")
	if !strings.HasPrefix(whole, "1\n2\n") || !strings.HasSuffix(whole, "\n100000\n") || len(whole) != 588895 {
		t.Fatalf("got %d bytes", len(whole))
	}
	response := c.Send("GET", "/processes/p/stdout?offset=1000", "")
	defer response.Body.Close()
	rest, err := io.ReadAll(response.Body)
	if err != nil || string(rest) != whole[1000:] || response.Header.Get("Sandkeep-Offset") != "1000" {
		t.Errorf("from 1000: %d bytes, header %q, %v", len(rest), response.Header.Get("Sandkeep-Offset"), err)
	}
	if _, text := c.Text("GET", "/processes/p/stderr", ""); text != "no\n" {
		t.Errorf("stderr %q", text)
	}
}

func TestOutputThatNobodyReadsIsDrained(t *testing.T) {
	t.Parallel()
	c := serve(t)
	apitest.Answer[view](c.Client, "POST", "/processes", `{"id":"p","command":["/bin/sh","-c","head -c 70000000 /dev/zero; echo end"]}`, 201)
	if got := apitest.Answer[exit](c.Client, "GET", "/processes/p/exit?wait=60", "", 200); got.Code != 0 {
		t.Fatalf("exit %s", got)
	}
	response := c.Send("GET", "/processes/p/stdout", "")
	defer response.Body.Close()
	n, _ := io.Copy(io.Discard, response.Body)
	if start := response.Header.Get("Sandkeep-Offset"); n != 64<<20 || start != strconv.Itoa(70_000_004-64<<20) {
		t.Errorf("kept %d bytes from %s", n, start)
	}
}

func TestAProcessSurvivesItsClient(t *testing.T) {
	t.Parallel()
	c := serve(t)
	response := c.Send("POST", "/exec", `{"id":"p","command":["/bin/sh","-c","echo on; read line; echo $line"]}`)
	response.Body.Close()
	response = c.Send("POST", "/processes", `{"id":"q","command":["/bin/sh","-c","echo on; read line; echo $line"]}`)
	response.Body.Close()
	follower := c.Send("GET", "/processes/q/stdout", "")
	follower.Body.Close()
	apitest.Answer[input](c.Client, "PUT", "/processes/q/stdin?eof=true", "still here\n", 200)
	if _, out := c.Text("GET", "/processes/q/stdout", ""); out != "on\nstill here\n" {
		t.Errorf("stdout %q", out)
	}
}

func TestSignalsReachTheGroup(t *testing.T) {
	t.Parallel()
	c := serve(t)
	apitest.Answer[view](c.Client, "POST", "/processes", `{"id":"p","command":["/bin/sh","-c","sleep 100 & echo $!; wait"]}`, 201)
	_, child := c.firstLine("/processes/p/stdout")
	if status, text := c.Text("POST", "/processes/p/signal", `{"signal":"SIGTERM"}`); status != 204 {
		t.Fatalf("%d %s", status, text)
	}
	if got := apitest.Answer[exit](c.Client, "GET", "/processes/p/exit?wait=60", "", 200); got.String() != "143 SIGTERM timedOut=false" {
		t.Errorf("exit %s", got)
	}
	waitUntilGone(t, child)
	if got := apitest.Answer[refusal](c.Client, "POST", "/processes/p/signal", `{"signal":"SIGTERM"}`, 412); got.Code != "failed_precondition" {
		t.Errorf("after the exit: %+v", got)
	}
}

func TestTerminals(t *testing.T) {
	t.Parallel()
	c := serve(t)
	apitest.Answer[view](c.Client, "POST", "/processes", `{"id":"p","tty":{"rows":24,"columns":80},"command":["/bin/sh","-c","stty -echo; tty >/dev/null && echo $TERM $(stty size); echo err >&2; read line; stty size; cat"]}`, 201)
	var seen string
	for !strings.HasSuffix(seen, "err\r\n") {
		view := apitest.Answer[view](c.Client, "GET", "/processes/p", "", 200)
		seen = c.prefix("/processes/p/stdout", view.Stdout.End)
	}
	if status, text := c.Text("POST", "/processes/p/resize", `{"rows":10,"columns":20}`); status != 204 {
		t.Fatalf("%d %s", status, text)
	}
	apitest.Answer[input](c.Client, "PUT", "/processes/p/stdin", "go\n", 200)
	apitest.Answer[input](c.Client, "PUT", "/processes/p/stdin?eof=true", "", 200)
	if got := apitest.Answer[exit](c.Client, "GET", "/processes/p/exit?wait=60", "", 200); got.Code != 0 {
		t.Errorf("exit %s", got)
	}
	if _, out := c.Text("GET", "/processes/p/stdout", ""); out != "xterm-256color 24 80\r\nerr\r\n10 20\r\n" {
		t.Errorf("output %q", out)
	}
	if v := apitest.Answer[view](c.Client, "GET", "/processes/p", "", 200); v.Stderr.End != 0 || !v.Stderr.Closed {
		t.Errorf("stderr %+v", v.Stderr)
	}
}

func TestListsProcesses(t *testing.T) {
	t.Parallel()
	c := serve(t)
	apitest.Answer[view](c.Client, "POST", "/processes", `{"id":"a","command":["/bin/sleep","100"]}`, 201)
	c.exec(map[string]any{"id": "b", "command": sh("exit 4")})
	got := apitest.Answer[struct{ Items []view }](c.Client, "GET", "/processes", "", 200).Items
	if len(got) != 2 || got[0].ID != "a" || got[0].Exit != nil || got[1].ID != "b" || got[1].State != "exited" || got[1].Exit.Code != 4 {
		t.Errorf("%+v", got)
	}
}

func TestTellsWhatTheSandboxUses(t *testing.T) {
	t.Parallel()
	got := apitest.Answer[struct {
		MeasuredAt string
		Processes  struct{ Running int }
	}](serve(t).Client, "GET", "/usage", "", 200)
	if at, err := time.Parse(time.RFC3339Nano, got.MeasuredAt); err != nil || time.Since(at) > time.Minute || got.Processes.Running < 1 {
		t.Errorf("%+v", got)
	}
}

// waitUntilGone waits for a process to be no more, or a zombie that its own parent has to collect.
func waitUntilGone(t *testing.T, pid string) {
	t.Helper()
	number, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	for syscall.Kill(number, 0) == nil {
		stat, _ := os.ReadFile("/proc/" + pid + "/stat")
		if _, after, _ := strings.Cut(string(stat), ") "); strings.HasPrefix(after, "Z") {
			return
		}
	}
}

func encode(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}
