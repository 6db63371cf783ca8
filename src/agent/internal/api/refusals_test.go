package api_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sandkeep.dev/agent/internal/apitest"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	c := serve(t)
	directory := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	deleted := filepath.Join(directory, "deleted")
	if err := errors.Join(os.Mkdir(deleted, 0o755), os.Remove(deleted)); err != nil {
		t.Fatal(err)
	}
	plain := file("plain", "text", 0o644)
	noFormat := file("no-format", "\x7fELF nonsense", 0o755)
	noInterpreter := file("no-interpreter", "#!/nowhere/python -u\n", 0o755)
	apitest.Answer[view](c.Client, "POST", "/processes", `{"id":"runs","command":["/bin/sleep","100"]}`, 201)
	start := func(command string) string { return fmt.Sprintf(`{"command":[%q]}`, command) }
	for name, test := range map[string]struct {
		route, body string
		status      int
		code, says  string
	}{
		"no JSON":                    {"POST /exec", `{`, 400, "invalid_argument", "incomplete"},
		"no body":                    {"POST /exec", ``, 400, "invalid_argument", "empty"},
		"another type":               {"POST /exec", `[]`, 400, "invalid_argument", "must be an object, not of type array"},
		"a field of another type":    {"POST /exec", `{"command":"true"}`, 400, "invalid_argument", `the field "command" must not be of type string`},
		"an unknown field":           {"POST /exec", `{"command":["true"],"shell":true}`, 400, "invalid_argument", `unknown field "shell"`},
		"stdin when starting":        {"POST /processes", `{"command":["true"],"stdin":""}`, 400, "invalid_argument", `unknown field "stdin"`},
		"two bodies":                 {"POST /exec", `{"command":["true"]} {}`, 400, "invalid_argument", "something follows"},
		"a huge body":                {"POST /processes", `{"command":["` + strings.Repeat("x", 8<<20) + `"]}`, 400, "invalid_argument", "more than 8388608 octets"},
		"no command":                 {"POST /exec", `{"command":[]}`, 400, "invalid_argument", "command must name a program"},
		"a NUL in an argument":       {"POST /exec", `{"command":["true","a\u0000b"]}`, 400, "invalid_argument", "command[1] contains a NUL"},
		"a name with =":              {"POST /exec", `{"command":["true"],"env":{"A=B":"c"}}`, 400, "invalid_argument", `"A=B" is no name`},
		"an empty name":              {"POST /exec", `{"command":["true"],"env":{"":"c"}}`, 400, "invalid_argument", `"" is no name`},
		"a NUL in a value":           {"POST /exec", `{"command":["true"],"env":{"A":"\u0000"}}`, 400, "invalid_argument", "contains a NUL"},
		"a Secret's name with =":     {"POST /exec", `{"command":["true"],"secretEnv":{"A=B":"c"}}`, 400, "invalid_argument", `"A=B" is no name`},
		"a NUL in a Secret's value":  {"POST /exec", `{"command":["true"],"secretEnv":{"A":"\u0000"}}`, 400, "invalid_argument", "contains a NUL"},
		"no UTF-8 in an argument":    {"POST /exec", "{\"command\":[\"echo\",\"\xff\"]}", 400, "invalid_argument", "it is not UTF-8"},
		"no UTF-8 in a name":         {"POST /exec", "{\"command\":[\"true\"],\"env\":{\"\xc3\":\"x\"}}", 400, "invalid_argument", "it is not UTF-8"},
		"a NUL in the workdir":       {"POST /exec", `{"command":["true"],"workdir":"/a\u0000"}`, 400, "invalid_argument", "no absolute path"},
		"a workdir of 5,000 octets":  {"POST /exec", fmt.Sprintf(`{"command":["true"],"workdir":%q}`, "/"+strings.Repeat("x", 5000)), 400, "invalid_argument", "file name too long"},
		"a million arguments":        {"POST /exec", `{"command":["true"` + strings.Repeat(`,"x"`, 1_000_000) + `]}`, 400, "invalid_argument", "too long for the system"},
		"a number beyond any":        {"POST /exec", `{"command":["true"],"timeoutMilliseconds":1e400}`, 400, "invalid_argument", `"timeoutMilliseconds"`},
		"a terminal beyond any":      {"POST /exec", `{"command":["true"],"tty":{"rows":65536,"columns":80}}`, 400, "invalid_argument", `rows`},
		"a relative workdir":         {"POST /exec", `{"command":["true"],"workdir":"tmp"}`, 400, "invalid_argument", "no absolute path"},
		"a negative timeout":         {"POST /exec", `{"command":["true"],"timeoutMilliseconds":-1}`, 400, "invalid_argument", "timeoutMilliseconds -1"},
		"a huge timeout":             {"POST /exec", `{"command":["true"],"timeoutMilliseconds":9223372036854775807}`, 400, "invalid_argument", "timeoutMilliseconds"},
		"a fractional timeout":       {"POST /exec", `{"command":["true"],"timeoutMilliseconds":1.5}`, 400, "invalid_argument", `"timeoutMilliseconds"`},
		"an id with a slash":         {"POST /exec", `{"command":["true"],"id":"../x"}`, 400, "invalid_argument", "an id has"},
		"the entrypoint's id":        {"POST /exec", `{"command":["true"],"id":"entrypoint"}`, 400, "invalid_argument", "the sandbox's own process"},
		"a terminal of size 0":       {"POST /exec", `{"command":["true"],"tty":{"rows":0,"columns":80}}`, 400, "invalid_argument", "0 rows"},
		"an argument of 200 KB":      {"POST /exec", fmt.Sprintf(`{"command":["true",%q]}`, strings.Repeat("x", 200_000)), 400, "invalid_argument", "too long for the system"},
		"program not in PATH":        {"POST /exec", start("no-such-program"), 404, "not_found", "executable file not found in $PATH (PATH="},
		"program not there":          {"POST /exec", start("/nowhere/program"), 404, "not_found", "no such file"},
		"program below a file":       {"POST /exec", start(plain + "/x"), 404, "not_found", "no such file"},
		"program not executable":     {"POST /exec", start(plain), 403, "permission_denied", "not executable"},
		"a directory":                {"POST /exec", start(directory), 403, "permission_denied", "is a directory"},
		"no program format":          {"POST /exec", start(noFormat), 400, "invalid_argument", "exec format error"},
		"an interpreter not there":   {"POST /exec", start(noInterpreter), 404, "not_found", "its interpreter /nowhere/python -u"},
		"a workdir not there":        {"POST /exec", `{"command":["true"],"workdir":"/nowhere"}`, 404, "not_found", `the working directory "/nowhere" does not exist`},
		"a workdir that was deleted": {"POST /exec", fmt.Sprintf(`{"command":["true"],"workdir":%q}`, deleted), 404, "not_found", "does not exist"},
		"a workdir that is a file":   {"POST /exec", fmt.Sprintf(`{"command":["true"],"workdir":%q}`, plain), 400, "invalid_argument", "is not a directory"},
		"a process not there":        {"GET /processes/none", ``, 404, "not_found", `"none"`},
		"an exit that takes longer":  {"GET /processes/runs/exit?wait=0.01", ``, 504, "deadline_exceeded", "still runs after 10ms"},
		"an exit without waiting":    {"GET /processes/runs/exit", ``, 504, "deadline_exceeded", "still runs"},
		"a negative wait":            {"GET /processes/runs/exit?wait=-1", ``, 400, "invalid_argument", "wait"},
		"a wait that is no number":   {"GET /processes/runs/exit?wait=NaN", ``, 400, "invalid_argument", "wait"},
		"a wait beyond any":          {"GET /processes/runs/exit?wait=1e400", ``, 400, "invalid_argument", "wait"},
		"an offset beyond any":       {"GET /processes/runs/stdout?offset=9223372036854775808", ``, 400, "invalid_argument", "offset"},
		"a negative offset":          {"GET /processes/runs/stdout?offset=-1", ``, 400, "invalid_argument", "offset"},
		"an offset of another type":  {"PUT /processes/runs/stdin?offset=x", ``, 400, "invalid_argument", "offset"},
		"a writer without a name":    {"PUT /processes/runs/stdin?writer=a%20b", ``, 400, "invalid_argument", "writer"},
		"eof that is no flag":        {"PUT /processes/runs/stdin?eof=maybe", ``, 400, "invalid_argument", "eof"},
		"an unknown signal":          {"POST /processes/runs/signal", `{"signal":"TERM"}`, 400, "invalid_argument", `"TERM" is no signal`},
		"resizing without terminal":  {"POST /processes/runs/resize", `{"rows":1,"columns":1}`, 412, "failed_precondition", "without one"},
		"the port 0":                 {"POST /ports/0", ``, 400, "invalid_argument", "from 1 to 65535"},
		"a port beyond the last":     {"POST /ports/65536", ``, 400, "invalid_argument", "from 1 to 65535"},
		"a negative port":            {"POST /ports/-1", ``, 400, "invalid_argument", "from 1 to 65535"},
		"a port where nobody is":     {"POST /ports/1", ``, 503, "unavailable", "port 1"},
		"a route that is not there":  {"GET /nowhere", ``, 404, "not_found", "no route GET /nowhere"},
		"a method that is not there": {"DELETE /processes/runs", ``, 404, "not_found", "no route DELETE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(test.route, " ")
			got := apitest.Answer[refusal](c.Client, method, path, test.body, test.status)
			if got.Code != test.code || !strings.Contains(got.Message, test.says) || got.Resource == "" || len(got.Message) > 1500 {
				t.Errorf("%+v, want %s with %q", got, test.code, test.says)
			}
		})
	}
}
