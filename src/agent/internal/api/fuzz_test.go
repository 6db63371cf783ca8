package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/process"
)

func FuzzQuery(f *testing.F) {
	for _, raw := range []string{
		"", "path=/a&offset=1&recursive=true&mode=0644", "path=%2F%00", "pathBytes=L2E=", "pathBytes=!!&path=/a", "offset=-1",
		"offset=99999999999999999999", "mode=0999", "recursive=maybe", "%zz", "a;b", "limit=0", "cursor=_-8",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q := queryOf(&http.Request{Method: "GET", URL: &url.URL{Path: "/files", RawQuery: raw}})
		path, offset, mode := q.path("path"), q.number("offset"), q.mode()
		limit, _ := q.page()
		_ = q.flag("recursive")
		if q.err != nil {
			if code := fault.Of(q.err).Code; code != fault.InvalidArgument && code != fault.Internal {
				t.Errorf("%q is refused with %s", raw, code)
			}
			return
		}
		if path == "" || path[0] != '/' || strings.Contains(path, "\x00") || offset != nil && *offset < 0 || mode != nil && *mode > 0o7777 || limit < 1 || limit > maxListed {
			t.Errorf("%q gives the path %q, offset %v, mode %v, limit %d", raw, path, offset, mode, limit)
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{"command":["/bin/true"],"env":{"A":"b"},"tty":{"rows":1,"columns":2}}`, `{}`, ``, `[]`, `null`, `{"command":null}`, `{"x":1}`,
		`{"command":["a"]} {}`, `{"command":["a"],"command":["b"]}`, strings.Repeat("[", 100_000), "{\"command\":[\"\xff\"]}", `{"timeoutMilliseconds":1e400}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/processes", strings.NewReader(body))
		var request process.Request
		if err := decode(httptest.NewRecorder(), r, 1<<20, &request); err != nil && fault.Of(err).Code != fault.InvalidArgument {
			t.Errorf("%.200q is refused with %v", body, err)
		}
	})
}
