package files_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

type event struct {
	Type       string
	Paths      []string
	Moved      string
	PathsBytes [][]byte
}

// watched is a watch that has begun.
type watched struct {
	t      *testing.T
	lines  *bufio.Scanner
	prefix string
	close  func() error
}

func (c *client) watch(t *testing.T, prefix, query string) *watched {
	t.Helper()
	response := c.Send("GET", "/files/watch?"+query, "")
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("%v", response)
	}
	return &watched{t, bufio.NewScanner(response.Body), prefix, response.Body.Close}
}

// next gives an event in short: its type and its paths without the prefix; "" at the end.
func (w *watched) next() string {
	w.t.Helper()
	if !w.lines.Scan() {
		if err := w.lines.Err(); err != nil {
			w.t.Fatal(err)
		}
		return ""
	}
	var e event
	if err := json.Unmarshal(w.lines.Bytes(), &e); err != nil {
		w.t.Fatalf("%v: %s", err, w.lines.Text())
	}
	text := strings.TrimSpace(e.Type + " " + e.Moved)
	for _, path := range e.Paths {
		text += " " + strings.TrimPrefix(path, w.prefix)
	}
	return text
}

// until collects events without repetitions until one comes, which must come.
func (w *watched) until(last string) string {
	w.t.Helper()
	var all []string
	for {
		e := w.next()
		if len(all) == 0 || all[len(all)-1] != e {
			all = append(all, e)
		}
		switch e {
		case last:
			return strings.Join(all, "\n")
		case "":
			w.t.Fatalf("%s did not come, but %s", last, strings.Join(all, "\n"))
		}
	}
}

// lines joins what is expected.
func lines(events ...string) string { return strings.Join(events, "\n") }

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestWatchesADirectory(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	must(t, os.MkdirAll(d+"/in/below", 0o755), os.Mkdir(d+"/out", 0o755))
	link(t, "in", d+"/link")
	w := c.watch(t, d+"/in", at(d, "link"))
	write(t, d+"/in/file", "x")
	must(t, os.Chmod(d+"/in/file", 0o600))
	write(t, d+"/in/below/unseen", "x")
	must(t,
		os.Rename(d+"/in/file", d+"/in/renamed"), os.Rename(d+"/in/renamed", d+"/out/file"), os.Rename(d+"/out/file", d+"/in/back"),
		os.Rename(d+"/in/back", d+"/in/below/away"), os.Remove(d+"/in/below/away"),
		os.Mkdir(d+"/in/sub", 0o755), os.Remove(d+"/in/sub"), os.Symlink("x", d+"/in/link"),
	)
	if got, want := w.until("create /link"), lines(
		"create /file", "modify /file", "rename /file /renamed", "rename out /renamed", "rename in /back", "rename out /back",
		"create /sub", "delete /sub", "create /link",
	); got != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
	c.Text("PUT", "/files?"+at(d, "in/put"), strings.Repeat("x", 1_000_000))
	c.Text("PUT", "/files?"+at(d, "in/put"), "again")
	c.Text("PATCH", "/files?append=true&"+at(d, "in/put"), "more")
	odd := d + "/in/\xff"
	write(t, odd, "")
	if got, want := w.until("create /\ufffd"), lines("create /put", "modify /put", "create /\ufffd"); got != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
	var e event
	must(t, json.Unmarshal(w.lines.Bytes(), &e))
	if string(e.PathsBytes[0]) != odd {
		t.Errorf("%q", e.PathsBytes)
	}
	must(t, os.RemoveAll(d+"/in"))
	if got := w.until("delete "); !strings.HasSuffix(got, "\ndelete ") || !strings.Contains(got, "delete /below\n") {
		t.Errorf("%s", got)
	}
	if rest := w.next(); rest != "" {
		t.Errorf("more came: %s", rest)
	}
}

func TestWatchesATree(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	must(t, os.MkdirAll(d+"/in/a/b", 0o755), os.MkdirAll(d+"/out/x/y", 0o755))
	write(t, d+"/out/x/y/file", "")
	link(t, d+"/out", d+"/in/a/link")
	w := c.watch(t, d+"/in", "recursive=true&"+at(d, "in"))
	expect := func(last string, events ...string) {
		t.Helper()
		if got, want := w.until(last), lines(append(events, last)...); got != want {
			t.Errorf("%s\nnot\n%s", got, want)
		}
	}
	write(t, d+"/in/a/b/file", "")
	expect("create /a/b/file")
	must(t, os.Rename(d+"/in/a", d+"/in/z"))
	write(t, d+"/in/z/b/moved", "")
	write(t, d+"/out/unseen", "")
	expect("create /z/b/moved", "rename /a /z")
	must(t, os.Rename(d+"/in/z/b", d+"/in/b"))
	write(t, d+"/in/b/again", "")
	expect("create /b/again", "rename /z/b /b")
	must(t, os.Rename(d+"/out/x", d+"/in/x"))
	expect("create /x/y/file", "rename in /x", "create /x/y")
	write(t, d+"/in/x/y/later", "")
	expect("create /x/y/later")
	must(t, os.Rename(d+"/in/x", d+"/out/x"))
	write(t, d+"/out/x/y/unseen", "")
	write(t, d+"/in/end", "")
	expect("create /end", "rename out /x")
	must(t, os.Mkdir(d+"/in/empty", 0o755), os.Rename(d+"/in/b", d+"/in/c"), os.Mkdir(d+"/in/b", 0o755))
	write(t, d+"/in/b/new", "")
	expect("create /b/new", "create /empty", "rename /b /c", "create /b")
	must(t, os.Rename(d+"/in/empty", d+"/in/over"), os.Mkdir(d+"/in/empty", 0o755), syscall.Rename(d+"/in/over", d+"/in/empty"))
	write(t, d+"/in/empty/file", "")
	expect("create /empty/file", "rename /empty /over", "create /empty", "rename /over /empty")
	must(t, os.MkdirAll(d+"/in/one/deep", 0o755), os.Mkdir(d+"/in/two", 0o755))
	w.until("create /two")
	must(t, unix.Renameat2(unix.AT_FDCWD, d+"/in/one/deep", unix.AT_FDCWD, d+"/in/two", unix.RENAME_EXCHANGE))
	write(t, d+"/in/two/a", "")
	write(t, d+"/in/one/deep/b", "")
	expect("create /one/deep/b", "rename /one/deep /two", "rename /two /one/deep", "create /two/a")
	must(t, os.RemoveAll(d+"/in/c"), os.Rename(d+"/in", d+"/gone"))
	if got := w.until("rename out "); !strings.HasSuffix(got, "delete /c\nrename out ") || strings.Count(got, "delete /c/") != 3 {
		t.Errorf("%s", got)
	}
	if rest := w.next(); rest != "" {
		t.Errorf("more came: %s", rest)
	}
}

func TestWatchesLoseNothingInNewDirectories(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	w := c.watch(t, d, "recursive=true&types=create,delete&"+at(d, ""))
	const trees, depth, each = 20, 5, 10
	want := map[string]int{}
	go func() {
		for i := range trees {
			path := fmt.Sprintf("%s/%d", d, i)
			for level := range depth {
				path += fmt.Sprintf("/%d", level)
				_ = os.MkdirAll(path, 0o755)
				for file := range each {
					_ = os.WriteFile(fmt.Sprintf("%s/file-%d", path, file), nil, 0o644)
				}
			}
		}
		_ = os.WriteFile(d+"/end", nil, 0o644)
	}()
	for i := range trees {
		path := fmt.Sprintf("/%d", i)
		want["create "+path] = 1
		for level := range depth {
			path += fmt.Sprintf("/%d", level)
			want["create "+path] = 1
			for file := range each {
				want[fmt.Sprintf("create %s/file-%d", path, file)] = 1
			}
		}
	}
	seen := map[string]bool{}
	for e := w.next(); e != "create /end"; e = w.next() {
		if want[e]--; want[e] < 0 {
			t.Fatalf("%s came twice or never happened", e)
		}
		if parent := e[:strings.LastIndex(e, "/")]; parent != "create " && !seen[parent] {
			t.Fatalf("%s before its directory", e)
		}
		seen[e] = true
	}
	for e, missing := range want {
		if missing != 0 {
			t.Errorf("%s is missing", e)
		}
	}
}

func TestWatchesReportNoMoreOfALargeTreeThanThatItCame(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	must(t, os.Mkdir(d+"/in", 0o755), os.MkdirAll(d+"/large/below", 0o755))
	for i := range 10_001 {
		write(t, fmt.Sprintf("%s/large/%d", d, i), "")
	}
	w := c.watch(t, d, "recursive=true&"+at(d, "in"))
	must(t, os.Rename(d+"/large", d+"/in/large"))
	if got := w.until("overflow /in/large"); got != "rename in /in/large\noverflow /in/large" {
		t.Errorf("%.300s", got)
	}
	write(t, d+"/in/large/below/new", "")
	if got := w.until("create /in/large/below/new"); got != "create /in/large/below/new" {
		t.Errorf("%.300s", got)
	}
}

func TestWatchesAFile(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	write(t, d+"/file", "x")
	write(t, d+"/other", "x")
	w := c.watch(t, d, "types=create,modify,delete,rename&"+at(d, "file"))
	expect := func(last string, events ...string) {
		t.Helper()
		if got, want := w.until(last), lines(append(events, last)...); got != want {
			t.Errorf("%s\nnot\n%s", got, want)
		}
	}
	must(t, os.Chmod(d+"/other", 0o600), os.Chmod(d+"/file", 0o600))
	expect("modify /file")
	c.Text("PUT", "/files?"+at(d, "file"), "again")
	c.Text("PUT", "/files?"+at(d, "unseen"), "")
	must(t, os.Rename(d+"/other", d+"/file"))
	expect("rename /other /file", "modify /file")
	must(t, os.Rename(d+"/file", d+"/elsewhere"), os.Chmod(d+"/elsewhere", 0o644))
	expect("rename /file /elsewhere")
	write(t, d+"/file", "")
	expect("create /file")
	must(t, os.Chmod(d+"/file", 0o600))
	expect("modify /file")
	must(t, os.Remove(d+"/file"))
	// The count of its links is what has been modified.
	expect("delete /file", "modify /file")
	must(t, os.WriteFile(d+"/file", nil, 0o644), os.RemoveAll(d))
	if got := w.until(""); !strings.HasSuffix(got, "delete /file\n") {
		t.Errorf("%s", got)
	}
}

func TestWatchesOnlyWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	write(t, d+"/file", "text")
	for types, want := range map[string]string{
		"delete":        "delete /file",
		"access":        "access /file",
		"access,delete": "access /file\ndelete /file",
	} {
		write(t, d+"/file", "text")
		w := c.watch(t, d, "types="+types+"&"+at(d, ""))
		contentOf(d + "/file")
		must(t, os.Remove(d+"/file"), os.Mkdir(d+"/sub", 0o755), os.Remove(d+"/sub"))
		write(t, d+"/file", "text")
		if got := w.until(want[strings.LastIndex(want, "\n")+1:]); got != want {
			t.Errorf("%s: %s", types, got)
		}
	}
	// Nothing but the end comes from a watch for nothing.
	w := c.watch(t, d, "types=&timeoutSeconds=0.05&"+at(d, ""))
	write(t, d+"/more", "")
	if e := w.next(); e != "" {
		t.Errorf("%s", e)
	}
	for _, path := range []string{"", "file"} {
		if e := c.watch(t, d, "timeoutSeconds=0&"+at(d, path)).next(); e != "" {
			t.Errorf("%s", e)
		}
	}
}

func TestWatchReportsOverflowAndGoesOn(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	must(t, os.Mkdir(d+"/sub", 0o755))
	w := c.watch(t, d, "recursive=true&"+at(d, ""))
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	if err != nil {
		t.Fatal(err)
	}
	var most int
	if _, err := fmt.Sscan(string(text), &most); err != nil {
		t.Fatal(err)
	}
	// Nobody reads until the flow control of HTTP/2, the agent and the system's queue hold no more.
	from, to := d+"/sub/"+strings.Repeat("a", 200), d+"/sub/"+strings.Repeat("b", 200)
	write(t, from, "")
	for range most {
		must(t, os.Rename(from, to), os.Rename(to, from))
	}
	for w.next() != "overflow " {
	}
	must(t, os.Mkdir(d+"/sub/new", 0o755))
	write(t, d+"/sub/new/file", "")
	w.until("create /sub/new/file")
}

func TestWatchRefusals(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	link(t, "nowhere", d+"/dangling")
	link(t, "loop", d+"/loop")
	write(t, d+"/file", "")
	for name, test := range map[string]refusalCase{
		"what is not there":   {"GET /files/watch?" + at(d, "none"), "", 404, "not_found", "no such file"},
		"a dangling link":     {"GET /files/watch?" + at(d, "dangling"), "", 404, "not_found", "no such file"},
		"a loop":              {"GET /files/watch?" + at(d, "loop"), "", 400, "invalid_argument", "too many levels"},
		"below a file":        {"GET /files/watch?" + at(d, "file/x"), "", 409, "not_a_directory", "not a directory"},
		"an unknown type":     {"GET /files/watch?types=create,move&" + at(d, ""), "", 400, "invalid_argument", `"move"`},
		"a type nobody wants": {"GET /files/watch?types=overflow&" + at(d, ""), "", 400, "invalid_argument", `"overflow"`},
		"a negative timeout":  {"GET /files/watch?timeoutSeconds=-1&" + at(d, ""), "", 400, "invalid_argument", "timeoutSeconds"},
		"a relative path":     {"GET /files/watch?path=x", "", 400, "invalid_argument", "not absolute"},
	} {
		c.refuses(t, name, test)
	}
}

func TestWatchesAreFewAndEndWithTheirClients(t *testing.T) {
	c, d := serve(t), t.TempDir()
	var open []*watched
	for len(open) < 64 {
		// Those of other tests may not have ended yet.
		if c.hasRoomForWatch(t, d) {
			open = append(open, c.watch(t, d, at(d, "")))
		}
	}
	c.refuses(t, "one too many", refusalCase{"GET /files/watch?" + at(d, ""), "", 429, "resource_exhausted", "64 watches"})
	must(t, os.Mkdir(d+"/x", 0o755))
	for _, w := range open {
		w.until("create /x")
	}
	c.HTTP.CloseIdleConnections()
	must(t, open[0].close())
	for !c.hasRoomForWatch(t, d) {
		runtime.Gosched()
	}
}

// hasRoomForWatch tells whether another watch may begin. The machine's own limit ends the test: it may last for ever.
func (c *client) hasRoomForWatch(t *testing.T, directory string) bool {
	t.Helper()
	status, body := c.Text("GET", "/files/watch?timeoutSeconds=0&"+at(directory, ""), "")
	if status != 200 && !strings.Contains(body, "64 watches") {
		t.Fatalf("a watch is refused with %d, perhaps by fs.inotify.max_user_instances: %s", status, body)
	}
	return status == 200
}

func TestWatchLimitsOfTheSystem(t *testing.T) {
	if !inside(t, &syscall.SysProcAttr{}) {
		return
	}
	c, d := serve(t), t.TempDir()
	var before syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before))
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 64, Max: before.Max}))
	t.Cleanup(func() { must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)) })
	for {
		response := c.Send("GET", "/files/watch?"+at(d, ""), "")
		t.Cleanup(func() { response.Body.Close() })
		if response.StatusCode != 200 {
			if response.StatusCode != 429 {
				t.Errorf("status %d", response.StatusCode)
			}
			return
		}
	}
}
