package files_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/files"
	"sandkeep.dev/agent/internal/files/archive"
)

func FuzzParseRange(f *testing.F) {
	for _, header := range []string{"", "bytes=0-99", "bytes=5-", "bytes=-7", "bytes=9-1", "bytes=1-2,3-4", "bytes=99999999999999999999-", "bytes= 1-2 ", "chars=1-2"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r, err := files.ParseRange(header)
		switch {
		case err != nil:
			if code := fault.Of(err).Code; code != fault.InvalidArgument {
				t.Errorf("%q is refused with %s", header, code)
			}
		case r == nil:
			if header != "" {
				t.Errorf("%q asks for nothing", header)
			}
		case r.First < -1 || r.Last < 0 || r.Suffix < 0 || r.First > r.Last || r.First == -1 && r.Last != math.MaxInt64:
			t.Errorf("%q is %+v", header, r)
		}
	})
}

func FuzzCheckPath(f *testing.F) {
	for _, path := range []string{"", "/", "/a/../b", "a", "/a\x00b", "/\xff\xfe", "/" + strings.Repeat("x", 5000)} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		usable := strings.HasPrefix(path, "/") && !strings.Contains(path, "\x00") && len(path) < 4096
		if err := files.CheckPath(path); (err == nil) != usable {
			t.Errorf("%q: %v", path, err)
		}
	})
}

// FuzzUnpack unpacks archives beside a file that none of them may touch.
func FuzzUnpack(f *testing.F) {
	regular := func(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name} }
	link := func(name, target string) tar.Header {
		return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}
	}
	for _, headers := range [][]tar.Header{
		{regular("a"), {Typeflag: tar.TypeDir, Name: "d"}, regular("d/b")},
		{regular("../outside/precious"), regular("/outside/precious")},
		{link("l", "../outside"), regular("l/precious")},
		{link("a", "b"), link("b", "a"), regular("a/x")},
		{{Typeflag: tar.TypeLink, Name: "hard", Linkname: "../outside/precious"}, regular("hard")},
		{{Typeflag: tar.TypeFifo, Name: "fifo"}, {Typeflag: tar.TypeReg, Name: "x", PAXRecords: map[string]string{"SCHILY.xattr.user.a": "b"}}},
	} {
		f.Add([]byte(tarOf(f, headers...)))
	}
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0}, 1024))
	f.Fuzz(func(t *testing.T, body []byte) {
		root := t.TempDir()
		precious := filepath.Join(root, "outside", "precious")
		must(t, os.MkdirAll(filepath.Dir(precious), 0o755))
		write(t, precious, "precious")
		before := tree(t, filepath.Dir(precious))
		_, err := archive.Unpack(filepath.Join(root, "in"), bytes.NewReader(body), true)
		var refused *fault.Fault
		if err != nil && !errors.As(err, &refused) {
			t.Errorf("no refusal, but %v", err)
		}
		if after := tree(t, filepath.Dir(precious)); after != before {
			t.Errorf("outside was\n%s\nand is\n%s", before, after)
		}
		if all := names(t, root); all != "in outside" && all != "outside" {
			t.Errorf("beside it: %s", all)
		}
	})
}
