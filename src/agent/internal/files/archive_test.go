package files_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/apitest"
)

// tree describes everything below a directory, one line each.
func tree(t *testing.T, directory string) string {
	t.Helper()
	var all []string
	first := map[uint64]string{}
	must(t, filepath.Walk(directory, func(path string, info os.FileInfo, err error) error {
		if err != nil || path == directory {
			return err
		}
		stat, name := info.Sys().(*syscall.Stat_t), strings.TrimPrefix(path, directory)
		line := fmt.Sprintf("%s %v %d:%d %v", name, info.Mode(), stat.Uid, stat.Gid, info.ModTime().UTC())
		switch {
		case info.Mode()&os.ModeSymlink != 0:
			target, _ := os.Readlink(path)
			line += " -> " + target
		case info.Mode().IsRegular():
			content := contentOf(path)
			line += fmt.Sprintf(" %d %.10q", len(content), content)
			if stat.Nlink > 1 && first[stat.Ino] == "" {
				first[stat.Ino] = name
			} else if stat.Nlink > 1 {
				line += " = " + first[stat.Ino]
			}
			var value [64]byte
			if n, err := unix.Getxattr(path, "user.note", value[:]); err == nil {
				line += " note " + string(value[:n])
			}
		}
		all = append(all, line)
		return nil
	}))
	sort.Strings(all)
	return strings.Join(all, "\n")
}

func TestArchivesKeepTrees(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	from := d + "/from"
	must(t, os.MkdirAll(from+"/sub/closed", 0o755), os.Mkdir(from+"/empty", 0o700))
	write(t, from+"/file", "text")
	write(t, from+"/sub/long", strings.Repeat("0123456789", 300_000))
	write(t, from+"/sub/closed/inner", "")
	write(t, from+"/"+strings.Repeat("n", 255), "long name")
	write(t, from+"/\xff\n", "odd name")
	write(t, from+"/noted", "")
	must(t, unix.Setxattr(from+"/noted", "user.note", []byte("kept\x00all"), 0))
	must(t, os.Link(from+"/file", from+"/sub/same"), os.Link(from+"/file", from+"/zzz"))
	link(t, "../file", from+"/sub/link")
	link(t, "/nowhere/"+strings.Repeat("x", 3000), from+"/far")
	link(t, "sub", from+"/to-sub")
	must(t, syscall.Mkfifo(from+"/fifo", 0o610), os.Chmod(from+"/fifo", 0o610))
	must(t, os.Chown(from+"/file", 123, 456), os.Lchown(from+"/sub/link", 7, 8), os.Chown(from+"/sub", 9, 4_000_000_000))
	must(t, syscall.Chmod(from+"/file", 0o6754), syscall.Chmod(from+"/empty", 0o1777), syscall.Chmod(from+"/sub/closed", 0o500))
	when := time.Date(2001, 2, 3, 4, 5, 6, 789_012_345, time.UTC)
	must(t, filepath.Walk(from, func(path string, _ os.FileInfo, err error) error {
		stamp := unix.NsecToTimespec(when.UnixNano())
		return errors.Join(err, unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{stamp, stamp}, unix.AT_SYMLINK_NOFOLLOW))
	}))

	status, packed := c.Text("GET", "/files/archive?"+at(d, "from/"), "")
	if status != 200 {
		t.Fatal(packed)
	}
	type unpacked struct{ Entries int }
	got := apitest.Answer[unpacked](c.Client, "PUT", "/files/archive?"+at(d, "new/to"), packed, 200)
	if tree(t, d+"/new/to") != tree(t, from) || got.Entries != 16 {
		t.Errorf("%d entries\n%s\nnot\n%s", got.Entries, tree(t, d+"/new/to"), tree(t, from))
	}
	// Once more, over what is there.
	write(t, d+"/new/to/sub/other", "stays")
	write(t, d+"/new/to/zzz", "goes")
	must(t, os.Chtimes(d+"/new/to/sub", when, when))
	apitest.Answer[unpacked](c.Client, "PUT", "/files/archive?"+at(d, "new/to"), packed, 200)
	must(t, os.Remove(d+"/new/to/sub/other"), os.Chtimes(d+"/new/to/sub", when, when))
	if tree(t, d+"/new/to") != tree(t, from) {
		t.Errorf("again\n%s\nnot\n%s", tree(t, d+"/new/to"), tree(t, from))
	}
	// Other programs read and write the same.
	other := d + "/by-tar"
	must(t, os.Mkdir(other, 0o755))
	run := func(input string, args ...string) string {
		command := exec.Command("tar", args...)
		command.Stdin = strings.NewReader(input)
		out, err := command.Output()
		if err != nil {
			t.Fatalf("tar %v: %v", args, err)
		}
		return string(out)
	}
	run(packed, "-C", other, "--xattrs", "-xpf", "-")
	if tree(t, other) != tree(t, from) {
		t.Errorf("tar made\n%s\nnot\n%s", tree(t, other), tree(t, from))
	}
	byTar := run("", "-C", from, "--format=pax", "--xattrs", "-cf", "-", ".")
	apitest.Answer[unpacked](c.Client, "PUT", "/files/archive?"+at(d, "from-tar"), byTar, 200)
	if tree(t, d+"/from-tar") != tree(t, from) {
		t.Errorf("of tar\n%s\nnot\n%s", tree(t, d+"/from-tar"), tree(t, from))
	}
	apitest.Answer[unpacked](c.Client, "PUT", "/files/archive?noOwners=true&"+at(d, "mine"), packed, 200)
	if mine := tree(t, d+"/mine"); strings.Contains(mine, "123:") || strings.Contains(mine, "9:") {
		t.Errorf("without owners\n%s", mine)
	}
	_, alone := c.Text("GET", "/files/archive?"+at(d, "from/sub/link"), "")
	apitest.Answer[unpacked](c.Client, "PUT", "/files/archive?"+at(d, "one"), alone, 200)
	if one := names(t, d+"/one") + contentOf(d+"/one/link"); one != "linktext" {
		t.Errorf("a file alone: %s", one)
	}
}

// tarOf makes an archive.
func tarOf(t testing.TB, headers ...tar.Header) string {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, header := range headers {
		content := ""
		if header.Typeflag == tar.TypeReg {
			content = "evil"
		}
		header.Size, header.Mode = int64(len(content)), 0o644
		must(t, w.WriteHeader(&header))
		_, err := io.WriteString(w, content)
		must(t, err)
	}
	must(t, w.Close())
	return out.String()
}

func TestArchivesDoNotEscape(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	write(t, d+"/outside", "kept")
	file := func(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name} }
	symlink := func(name, target string) tar.Header {
		return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}
	}
	hardLink := func(name, target string) tar.Header {
		return tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target}
	}
	directory := func(name string) tar.Header { return tar.Header{Typeflag: tar.TypeDir, Name: name} }
	for name, test := range map[string]struct {
		entries []tar.Header
		code    string
		says    string
	}{
		"an absolute name":                 {[]tar.Header{file("/outside")}, "invalid_argument", "not a relative path"},
		"a name with ..":                   {[]tar.Header{file("../outside")}, "invalid_argument", "contains .."},
		"a name with .. inside":            {[]tar.Header{file("a/../../outside")}, "invalid_argument", "contains .."},
		"a name that ends in ..":           {[]tar.Header{directory("a/..")}, "invalid_argument", "contains .."},
		"through an absolute link":         {[]tar.Header{symlink("l", d), file("l/outside")}, "invalid_argument", "escapes"},
		"through a relative link":          {[]tar.Header{symlink("l", "../.."), file("l/outside")}, "invalid_argument", "escapes"},
		"through two links":                {[]tar.Header{directory("a"), symlink("a/l", ".."), symlink("m", "a/l/.."), file("m/outside")}, "invalid_argument", "escapes"},
		"a directory through a link":       {[]tar.Header{symlink("l", d), directory("l/x")}, "invalid_argument", "escapes"},
		"a directory that is a link":       {[]tar.Header{symlink("l", d), directory("l")}, "invalid_argument", "escapes"},
		"a link through a link":            {[]tar.Header{symlink("l", d), symlink("l/x", "y")}, "invalid_argument", "escapes"},
		"a FIFO through a link":            {[]tar.Header{symlink("l", d), {Typeflag: tar.TypeFifo, Name: "l/x"}}, "invalid_argument", "escapes"},
		"a hard link to outside":           {[]tar.Header{hardLink("l", "../outside")}, "invalid_argument", "contains .."},
		"an absolute hard link":            {[]tar.Header{hardLink("l", d+"/outside")}, "invalid_argument", "not a relative path"},
		"a hard link through a link":       {[]tar.Header{symlink("l", d), hardLink("m", "l/outside"), file("m")}, "invalid_argument", "escapes"},
		"a hard link to nothing":           {[]tar.Header{hardLink("l", "none")}, "not_found", "no such file"},
		"a device":                         {[]tar.Header{{Typeflag: tar.TypeChar, Name: "null", Devmajor: 1, Devminor: 3}}, "not_supported", "not supported"},
		"a file where a directory is":      {[]tar.Header{directory("a"), file("a")}, "is_a_directory", "is a directory"},
		"a directory where a file is":      {[]tar.Header{file("a"), directory("a")}, "not_a_directory", "not a directory"},
		"a file below a file":              {[]tar.Header{file("a"), file("a/b")}, "not_a_directory", "not a directory"},
		"a name that is too long":          {[]tar.Header{file(strings.Repeat("x", 256))}, "invalid_argument", "too long"},
		"a link to itself":                 {[]tar.Header{symlink("l", "l"), file("l/x")}, "invalid_argument", "too many levels"},
		"an owner that nobody has":         {[]tar.Header{{Typeflag: tar.TypeReg, Name: "a", Uid: 1 << 33}}, "invalid_argument", "number"},
		"no end":                           {nil, "invalid_argument", "no complete tar archive"},
		"a file of which a part is there":  {nil, "invalid_argument", "no complete tar archive"},
		"what is no archive":               {nil, "invalid_argument", "no complete tar archive"},
		"sizes that are wrong for the sum": {nil, "invalid_argument", "no complete tar archive"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &client{c.In(t)}
			body := tarOf(t, test.entries...)
			switch name {
			case "no end":
				body = tarOf(t, file("a"))[:200]
			case "a file of which a part is there":
				body = tarOf(t, file("a"))[:514]
			case "what is no archive":
				body = strings.Repeat("no archive ", 100)
			case "sizes that are wrong for the sum":
				body = strings.Replace(tarOf(t, file("a")), "00000000004", "77777777777", 1)
			}
			into := d + "/" + strings.ReplaceAll(name, " ", "-")
			status, text := c.Text("PUT", "/files/archive?"+at("", into), body)
			if status < 400 || !strings.Contains(text, `"code":"`+test.code+`"`) || !strings.Contains(text, test.says) {
				t.Errorf("%d %s", status, text)
			}
			if test.entries == nil && names(t, into) != "" {
				t.Errorf("left %s", names(t, into))
			}
		})
	}
	t.Cleanup(func() {
		if got := contentOf(d + "/outside"); got != "kept" {
			t.Errorf("outside is %q", got)
		}
		for _, name := range strings.Fields(names(t, d)) {
			if name == "x" {
				t.Error("something was made outside")
			}
		}
	})
	// What links within, is followed; what is replaced, is not written through.
	apitest.Answer[any](c.Client, "PUT", "/files/archive?"+at(d, "fine"), tarOf(t, directory("a"), symlink("l", "a"), file("l/x"), symlink("m", d+"/outside"), file("m")), 200)
	if got := contentOf(d+"/fine/a/x") + contentOf(d+"/fine/m"); got != "evilevil" {
		t.Errorf("%s", got)
	}
}

func TestABrokenArchiveLeavesNoPartOfAFile(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	whole := tarOf(t, tar.Header{Typeflag: tar.TypeReg, Name: "whole"})
	whole = whole[:1024] + tarOf(t, tar.Header{Typeflag: tar.TypeReg, Name: "part"})[:512]
	reader, writer := io.Pipe()
	go func() {
		_, _ = io.WriteString(writer, whole+"ev")
		for !strings.Contains(strings.Join(glob(d+"/*"), " "), "part") {
			time.Sleep(time.Millisecond)
		}
		writer.CloseWithError(errors.New("the client breaks"))
	}()
	if response, err := c.Stream("PUT", "/files/archive?"+at(d, ""), reader); err == nil {
		response.Body.Close()
	}
	for names(t, d) != "whole" {
		time.Sleep(time.Millisecond)
	}
}

func TestADirectoryThatIsRemovedMeanwhileIsMadeAgain(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	modified := time.Unix(1000, 0)
	one := tarOf(t, tar.Header{Typeflag: tar.TypeReg, Name: "a/one", ModTime: modified})[:1024]
	reader, writer := io.Pipe()
	go func() {
		_, _ = io.WriteString(writer, one)
		// Its time is the last that a file gets.
		for {
			if info, err := os.Stat(d + "/a/one"); err == nil && info.ModTime().Equal(modified) {
				break
			}
			time.Sleep(time.Millisecond)
		}
		_ = os.RemoveAll(d + "/a")
		_, _ = io.WriteString(writer, tarOf(t, tar.Header{Typeflag: tar.TypeReg, Name: "a/two"}))
		writer.Close()
	}()
	response, err := c.Stream("PUT", "/files/archive?"+at(d, ""), reader)
	must(t, err)
	defer response.Body.Close()
	if got := names(t, d+"/a"); response.StatusCode != 200 || got != "two" {
		t.Errorf("%d %s", response.StatusCode, got)
	}
}

func TestArchiveRefusals(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	write(t, d+"/file", "")
	for name, test := range map[string]refusalCase{
		"what is not there":     {"GET /files/archive?" + at(d, "none"), "", 404, "not_found", "no such file"},
		"below a file":          {"GET /files/archive?" + at(d, "file/x"), "", 409, "not_a_directory", "not a directory"},
		"a relative path":       {"GET /files/archive?path=x", "", 400, "invalid_argument", "not absolute"},
		"unpacking into a file": {"PUT /files/archive?" + at(d, "file"), "", 409, "not_a_directory", "not a directory"},
		"owners that are wrong": {"PUT /files/archive?noOwners=perhaps&" + at(d, "x"), "", 400, "invalid_argument", "noOwners"},
	} {
		c.refuses(t, name, test)
	}
	status, text := c.Text("GET", "/files/archive?path=/proc/self/task", "")
	if entries := strings.Count(text, "ustar"); status != 200 || entries != 2 {
		t.Errorf("/proc has %d headers, status %d", entries, status)
	}
}
