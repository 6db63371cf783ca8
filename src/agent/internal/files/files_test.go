package files_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sandkeep.dev/agent/internal/apitest"
)

// at is the query of a path, in a directory of the test's own if it is relative.
func at(directory, path string) string {
	if !strings.HasPrefix(path, "/") {
		path = directory + "/" + path
	}
	return "path=" + url.QueryEscape(path)
}

func write(t testing.TB, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// contentOf gives the content of a file, or why it cannot be read.
func contentOf(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// names gives what is in a directory.
func names(t *testing.T, directory string) string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " ")
}

func TestReadsFilesAndRanges(t *testing.T) {
	t.Parallel()
	c, directory := serve(t), t.TempDir()
	write(t, directory+"/ten", "0123456789")
	write(t, directory+"/empty", "")
	long := strings.Repeat("0123456789", 100_000)
	write(t, directory+"/long", long)
	link(t, "ten", directory+"/link")
	for name, test := range map[string]struct {
		path, asked  string
		status       int
		body         string
		length       int64
		contentRange string
	}{
		"a file":                      {"ten", "", 200, "0123456789", 10, ""},
		"through a link":              {"link", "", 200, "0123456789", 10, ""},
		"an empty file":               {"empty", "", 200, "", 0, ""},
		"a long file":                 {"long", "", 200, long, 1_000_000, ""},
		"a range":                     {"ten", "bytes=2-4", 206, "234", 3, "bytes 2-4/10"},
		"one octet":                   {"ten", "bytes=0-0", 206, "0", 1, "bytes 0-0/10"},
		"an open range":               {"ten", "bytes=7-", 206, "789", 3, "bytes 7-9/10"},
		"a suffix":                    {"ten", "bytes=-2", 206, "89", 2, "bytes 8-9/10"},
		"a suffix longer than it":     {"ten", "bytes=-99", 206, "0123456789", 10, "bytes 0-9/10"},
		"beyond the end":              {"ten", "bytes=8-99999999999999999999999", 206, "89", 2, "bytes 8-9/10"},
		"the end of a long file":      {"long", "bytes=-4", 206, "6789", 4, "bytes 999996-999999/1000000"},
		"the middle of a long file":   {"long", "bytes=300003-700004", 206, long[300_003:700_005], 400_002, "bytes 300003-700004/1000000"},
		"of size 0 for the system":    {"/proc/self/comm", "", 200, contentOf("/proc/self/comm"), int64(len(contentOf("/proc/self/comm"))), ""},
		"a range of such":             {"/proc/self/comm", "bytes=1-2", 206, contentOf("/proc/self/comm")[1:3], 2, fmt.Sprintf("bytes 1-2/%d", len(contentOf("/proc/self/comm")))},
		"of a wrong size":             {"/sys/kernel/mm/transparent_hugepage/enabled", "", 200, contentOf("/sys/kernel/mm/transparent_hugepage/enabled"), int64(len(contentOf("/sys/kernel/mm/transparent_hugepage/enabled"))), ""},
		"a range that begins too far": {"ten", "bytes=10-", 416, "", -1, "bytes */10"},
		"no octets from the end":      {"ten", "bytes=-0", 416, "", -1, "bytes */10"},
		"a range of nothing":          {"empty", "bytes=0-", 416, "", -1, "bytes */0"},
		"a number that is too large":  {"ten", "bytes=99999999999999999999999-", 416, "", -1, "bytes */10"},
		"far in a long file":          {"long", "bytes=1000000-", 416, "", -1, "bytes */1000000"},
		"a range backwards":           {"ten", "bytes=4-2", 400, "", -1, ""},
		"a negative range":            {"ten", "bytes=--2", 400, "", -1, ""},
		"two ranges":                  {"ten", "bytes=0-1,4-5", 400, "", -1, ""},
		"another unit":                {"ten", "lines=0-1", 400, "", -1, ""},
		"no range at all":             {"ten", "bytes=-", 400, "", -1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request, _ := http.NewRequestWithContext(t.Context(), "GET", "http://agent/files?"+at(directory, test.path), nil)
			if test.asked != "" {
				request.Header.Set("Range", test.asked)
			}
			response, err := c.HTTP.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status || response.Header.Get("Content-Range") != test.contentRange {
				t.Fatalf("%d, Content-Range %q: %.300s", response.StatusCode, response.Header.Get("Content-Range"), body)
			}
			if test.status >= 400 {
				if !strings.Contains(string(body), `"code":"invalid_argument"`) {
					t.Errorf("%s", body)
				}
				return
			}
			if string(body) != test.body || response.ContentLength != test.length {
				t.Errorf("length %d, %d octets: %.80q", response.ContentLength, len(body), body)
			}
		})
	}
}

func TestReadsARangeOfTheVersionOnlyThatWasAskedFor(t *testing.T) {
	t.Parallel()
	c, directory := serve(t), t.TempDir()
	path := directory + "/ten"
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(version string) (status int, body, current string) {
		t.Helper()
		request, _ := http.NewRequestWithContext(t.Context(), "GET", "http://agent/files?"+at(directory, "ten"), nil)
		request.Header.Set("Range", "bytes=4-")
		request.Header.Set("If-Range", version)
		response, err := c.HTTP.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(text), response.Header.Get("Etag")
	}
	write("0123456789")
	_, _, first := read("")
	if status, body, _ := read(first); status != 206 || body != "456789" {
		t.Errorf("the same version: %d %q", status, body)
	}
	write("ABCDEFGHIJK")
	status, body, second := read(first)
	if status != 200 || body != "ABCDEFGHIJK" || second == first {
		t.Errorf("another version: %d %q, %s after %s", status, body, second, first)
	}
}

func TestReadsWhatHasNoKnownSizeAndIsLong(t *testing.T) {
	t.Parallel()
	want := contentOf("/proc/kallsyms")
	if len(want) < 100_000 {
		t.Fatalf("/proc/kallsyms has only %d octets", len(want))
	}
	c := serve(t)
	response := c.Send("GET", "/files?path=/proc/kallsyms", "")
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.ContentLength != -1 || string(body) != want {
		t.Errorf("%v, length %d, %d octets of %d", err, response.ContentLength, len(body), len(want))
	}
	request, _ := http.NewRequestWithContext(t.Context(), "GET", "http://agent/files?path=/proc/kallsyms", nil)
	request.Header.Set("Range", "bytes=0-9")
	refused, err := c.HTTP.Do(request)
	if err != nil || refused.StatusCode != 501 {
		t.Errorf("a range: %v, %v", refused, err)
	}
}

func TestWritesFilesAsAWhole(t *testing.T) {
	t.Parallel()
	c, directory := serve(t), t.TempDir()
	put := func(path, query, body string) {
		t.Helper()
		if status, text := c.Text("PUT", "/files?"+at(directory, path)+query, body); status != 204 {
			t.Fatalf("PUT %s%s: %d %s", path, query, status, text)
		}
	}
	mode := func(path string) os.FileMode {
		info, err := os.Lstat(directory + "/" + path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode()
	}
	same := func(path, want string) {
		t.Helper()
		if got := contentOf(directory + "/" + path); got != want {
			t.Errorf("%s has %d octets, %.80q, not %d, %.80q", path, len(got), got, len(want), want)
		}
	}

	put("new/parents/file", "", "one")
	same("new/parents/file", "one")
	if mode("new/parents/file") != 0o644 || mode("new") != os.ModeDir|0o755 {
		t.Errorf("modes %v, %v", mode("new/parents/file"), mode("new"))
	}
	long := strings.Repeat("x", 3_000_001)
	put("new/parents/file", "&sync=true", long)
	same("new/parents/file", long)
	put("empty", "&mode=4751", "")
	same("empty", "")
	if mode("empty") != os.ModeSetuid|0o751 {
		t.Errorf("mode %v", mode("empty"))
	}

	write(t, directory+"/kept", "before")
	if err := errors.Join(os.Chown(directory+"/kept", 123, 456), os.Chmod(directory+"/kept", 0o640)); err != nil {
		t.Fatal(err)
	}
	put("kept", "", "after")
	info, _ := os.Stat(directory + "/kept")
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 123 || owner.Gid != 456 || info.Mode() != 0o640 {
		t.Errorf("%d:%d, %v", owner.Uid, owner.Gid, info.Mode())
	}

	link(t, "../target", directory+"/new/link")
	link(t, directory+"/new/link", directory+"/far")
	link(t, "made/by/link", directory+"/dangling")
	put("target", "", "")
	put("far", "", "through two links")
	same("target", "through two links")
	put("dangling", "", "where there was nothing")
	same("made/by/link", "where there was nothing")
	for _, name := range []string{"new/link", "far", "dangling"} {
		if mode(name)&os.ModeSymlink == 0 {
			t.Errorf("%s is no link any more", name)
		}
	}
	for _, sub := range []string{"", "/new", "/new/parents"} {
		if found := names(t, directory+sub); strings.Contains(found, ".sandkeep") {
			t.Errorf("left %s", found)
		}
	}
}

func TestABrokenBodyChangesNothing(t *testing.T) {
	t.Parallel()
	c, directory := serve(t), t.TempDir()
	write(t, directory+"/kept", "before")
	for name, length := range map[string]int64{"of unknown length": -1, "shorter than declared": 1 << 20, "longer than declared": 10} {
		for _, path := range []string{"kept", "new"} {
			reader, writer := io.Pipe()
			request, _ := http.NewRequestWithContext(t.Context(), "PUT", "http://agent/files?"+at(directory, path), reader)
			request.ContentLength = length
			go func() {
				_, _ = io.WriteString(writer, strings.Repeat("x", 300_000))
				for !strings.Contains(strings.Join(glob(directory+"/.sandkeep-*"), " "), "sandkeep") && length != 10 {
					time.Sleep(time.Millisecond)
				}
				writer.CloseWithError(errors.New("the client breaks"))
			}()
			response, err := c.HTTP.Do(request)
			if err == nil {
				response.Body.Close()
				if response.StatusCode < 400 {
					t.Errorf("%s %s: %d", path, name, response.StatusCode)
				}
			}
			for strings.Contains(names(t, directory), ".sandkeep") {
				time.Sleep(time.Millisecond)
			}
			if got := names(t, directory) + contentOf(directory+"/kept"); got != "keptbefore" {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

func glob(pattern string) []string {
	found, _ := filepath.Glob(pattern)
	return found
}

func TestWritesInPlace(t *testing.T) {
	t.Parallel()
	c, directory := serve(t), t.TempDir()
	type patched struct{ Offset, Size int64 }
	for name, test := range map[string]struct {
		before, query, body, after string
		want                       patched
	}{
		"at an offset":                {"0123456789", "&offset=3", "abc", "012abc6789", patched{3, 10}},
		"over the end":                {"0123", "&offset=2", "abcd", "01abcd", patched{2, 6}},
		"beyond the end":              {"01", "&offset=4", "a", "01\x00\x00a", patched{4, 5}},
		"at the end":                  {"0123", "&append=true", "abc", "0123abc", patched{4, 7}},
		"to a length":                 {"0123", "&truncate=2", "", "01", patched{0, 2}},
		"to a greater length":         {"01", "&truncate=3", "", "01\x00", patched{0, 3}},
		"cut, then at the end":        {"0123", "&truncate=1&append=true", "ab", "0ab", patched{1, 3}},
		"cut, then at an offset":      {"0123", "&truncate=0&offset=0", "ab", "ab", patched{0, 2}},
		"long":                        {"0123", "&offset=1", strings.Repeat("x", 1_000_000), "0" + strings.Repeat("x", 1_000_000), patched{1, 1_000_001}},
		"a long end":                  {"0123", "&append=1", strings.Repeat("x", 1_000_000), "0123" + strings.Repeat("x", 1_000_000), patched{4, 1_000_004}},
		"nothing at an offset":        {"0123", "&offset=9", "", "0123", patched{9, 4}},
		"what is there, with create":  {"0123", "&create=true&offset=0", "a", "a123", patched{0, 4}},
		"what is not, as mode w":      {"", "&create=true&truncate=0&offset=0", "abc", "abc", patched{0, 3}},
		"what is not, as mode a":      {"", "&create=true&append=true", "abc", "abc", patched{0, 3}},
		"what is not, as mode x":      {"", "&create=true&exclusive=true&truncate=0", "", "", patched{0, 0}},
		"what is not, with a mode":    {"", "&create=true&append=true&mode=600", "abc", "abc", patched{0, 3}},
		"an offset of 1 TiB":          {"a", "&offset=1099511627776&truncate=0", "", "", patched{1 << 40, 0}},
		"an empty body at the end":    {"0123", "&append=true", "", "0123", patched{4, 4}},
		"an empty body, new, at once": {"", "&create=true&truncate=5", "", "\x00\x00\x00\x00\x00", patched{0, 5}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := strings.ReplaceAll(name, " ", "-")
			path := directory + "/" + file
			if !strings.Contains(test.query, "create") || test.before != "" {
				write(t, path, test.before)
				link(t, file, path+"-link")
				file += "-link"
			}
			got := apitest.Answer[patched](c.Client, "PATCH", "/files?"+at(directory, file)+test.query, test.body, 200)
			if content := contentOf(path); content != test.after || got != test.want {
				t.Errorf("%+v, %d octets: %.80q", got, len(content), content)
			}
		})
	}
}

func TestDescribesFiles(t *testing.T) {
	t.Parallel()
	c, directory := serve(t), t.TempDir()
	path := write(t, directory+"/file", "12345")
	when := time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.UTC)
	if err := errors.Join(os.Chmod(path, 0o4750), os.Chmod(path, 0o750|os.ModeSetuid), os.Chown(path, 0, 54321), os.Chtimes(path, when, when)); err != nil {
		t.Fatal(err)
	}
	link(t, "nowhere", directory+"/link")
	odd := directory + "/\xff\"<\n"
	write(t, odd, "")
	if err := syscall.Mkfifo(directory+"/fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Chmod(path, 0o4750); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ path, want string }{
		"a file":            {path, fmt.Sprintf(`{"name":"file","path":%q,"type":"file","size":5,"mode":35304,"permissions":"4750","owner":"root","group":"54321","modifiedTime":"2026-01-02T03:04:05.678901Z","symlinkTarget":null}`, path)},
		"a link":            {directory + "/link", fmt.Sprintf(`{"name":"link","path":"%s/link","type":"symlink","size":7,"mode":41471,"permissions":"0777","owner":"root","group":"root","modifiedTime":TIME,"symlinkTarget":"nowhere"}`, directory)},
		"a directory":       {directory + "/", fmt.Sprintf(`{"name":%q,"path":"%s/","type":"directory","size":SIZE,"mode":16877,"permissions":"0755","owner":"root","group":"root","modifiedTime":TIME,"symlinkTarget":null}`, filepath.Base(directory), directory)},
		"the root":          {"/", `{"name":"/","path":"/","type":"directory",`},
		"a FIFO":            {directory + "/fifo", `"type":"fifo"`},
		"a device":          {"/dev/null", `"type":"device"`},
		"what is not UTF-8": {odd, `"pathBytes":"` + base64.StdEncoding.EncodeToString([]byte(odd)) + `"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, got := c.Text("GET", "/files/stat?"+at("", test.path), "")
			var said struct {
				Size         int64
				ModifiedTime string
				PathBytes    []byte
			}
			if err := json.Unmarshal([]byte(got), &said); err != nil {
				t.Fatalf("%v: %s", err, got)
			}
			want := strings.NewReplacer("TIME", `"`+said.ModifiedTime+`"`, "SIZE", fmt.Sprint(said.Size)).Replace(test.want)
			if !strings.Contains(got, want) {
				t.Errorf("%s\nnot %s", got, want)
			}
			if len(said.PathBytes) > 0 {
				again := "pathBytes=" + url.QueryEscape(base64.StdEncoding.EncodeToString(said.PathBytes))
				if _, same := c.Text("GET", "/files/stat?"+again, ""); same != got {
					t.Errorf("by its bytes: %s", same)
				}
			}
		})
	}
}

type listed struct {
	Items []struct {
		Name, Path, Type string
		PathBytes        []byte
	}
	Cursor string
}

func TestListsDirectoriesByName(t *testing.T) {
	t.Parallel()
	c, directory := serve(t), t.TempDir()
	if err := os.Mkdir(directory+"/many", 0o755); err != nil {
		t.Fatal(err)
	}
	link(t, "many", directory+"/link")
	const count = 2_500
	for i := range count {
		write(t, fmt.Sprintf("%s/many/%04d", directory, (i*7919)%count), "")
	}
	for _, limit := range []int{1, 7, 999, 2_499, 2_500, 2_501, 100_000} {
		var all []string
		cursor, pages := "", 0
		for more := true; more && pages < 10; more = cursor != "" {
			page := apitest.Answer[listed](c.Client, "GET", fmt.Sprintf("/files/list?%s&limit=%d&cursor=%s", at(directory, "link"), limit, cursor), "", 200)
			for _, item := range page.Items {
				if item.Path != directory+"/link/"+item.Name || item.Type != "file" {
					t.Fatalf("%+v", item)
				}
				all = append(all, item.Name)
			}
			cursor, pages = page.Cursor, pages+1
		}
		for i, name := range all {
			if name != fmt.Sprintf("%04d", i) {
				t.Fatalf("limit %d: entry %d is %s", limit, i, name)
			}
		}
		if want := min(10, (count+limit-1)/limit); pages != want || len(all) != min(count, 10*limit) {
			t.Errorf("limit %d: %d entries in %d pages, not %d", limit, len(all), pages, want)
		}
	}
	empty := t.TempDir()
	if _, text := c.Text("GET", "/files/list?"+at(empty, ""), ""); text != `{"items":[]}` {
		t.Errorf("an empty directory: %s", text)
	}
	odd := t.TempDir()
	write(t, odd+"/\xfe", "")
	write(t, odd+"/.b", "")
	link(t, "/nowhere", odd+"/a")
	page := apitest.Answer[listed](c.Client, "GET", "/files/list?limit=2&"+at(odd, ""), "", 200)
	rest := apitest.Answer[listed](c.Client, "GET", "/files/list?"+at(odd, "")+"&cursor="+page.Cursor, "", 200)
	if len(page.Items) != 2 || page.Items[0].Name != ".b" || page.Items[1].Type != "symlink" || len(rest.Items) != 1 || string(rest.Items[0].PathBytes) != odd+"/\xfe" {
		t.Errorf("%+v, %+v", page, rest)
	}
}
