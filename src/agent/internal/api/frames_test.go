package api_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"testing"
)

// execution is what a whole answer of exec says.
type execution struct {
	Process        string
	Stdout, Stderr string
	Exit           exit
}

type exit struct {
	Code     int
	Signal   *string
	TimedOut bool
}

type frame struct {
	Process *string
	Stream  string
	Offset  int
	Data    string
	Exit    *exit
}

func (c *client) exec(body map[string]any) execution {
	c.T.Helper()
	text, _ := json.Marshal(body)
	response := c.Send("POST", "/exec", string(text))
	defer response.Body.Close()
	if response.StatusCode != 200 {
		refusal, _ := io.ReadAll(response.Body)
		c.T.Fatalf("exec %.200s: %d %s", text, response.StatusCode, refusal)
	}
	return read(c.T, response.Body)
}

// read checks that offsets have no gaps, and that nothing follows the exit.
func read(t testing.TB, body io.Reader) (all execution) {
	t.Helper()
	over := false
	for lines := bufio.NewReader(body); ; {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			break
		}
		if err != nil {
			t.Fatalf("reading frames: %v after %+v", err, all)
		}
		all.add(t, line, over)
		over = all.Exit.Code != -1 && bytesHave(line, `{"exit"`)
	}
	if !over {
		t.Fatalf("the answer ends without exit: %+v", all)
	}
	return all
}

func bytesHave(line []byte, prefix string) bool {
	return len(line) >= len(prefix) && string(line[:len(prefix)]) == prefix
}

func (e *execution) add(t testing.TB, line []byte, over bool) {
	t.Helper()
	var f frame
	if err := json.Unmarshal(line, &f); err != nil || over {
		t.Fatalf("frame %s: %v (after the exit: %v)", line, err, over)
	}
	data, err := base64.StdEncoding.DecodeString(f.Data)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case f.Process != nil:
		e.Process = *f.Process
	case f.Exit != nil:
		e.Exit = *f.Exit
	case f.Stream == "stdout" && f.Offset == len(e.Stdout):
		e.Stdout += string(data)
	case f.Stream == "stderr" && f.Offset == len(e.Stderr):
		e.Stderr += string(data)
	default:
		t.Fatalf("unexpected frame %.100s after %d bytes of stdout and %d of stderr", line, len(e.Stdout), len(e.Stderr))
	}
}

func (e exit) String() string {
	signal := "null"
	if e.Signal != nil {
		signal = *e.Signal
	}
	return fmt.Sprintf("%d %s timedOut=%v", e.Code, signal, e.TimedOut)
}
