package files_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"sandkeep.dev/agent/internal/apitest"
)

type refusal struct{ Code, Message, Resource string }

// refusalCase is a request, METHOD /route?query, and how it must be refused.
type refusalCase struct {
	request, body string
	status        int
	code, says    string
}

func (c *client) refuses(t *testing.T, name string, test refusalCase) {
	t.Run(name, func(t *testing.T) {
		c := &client{c.In(t)}
		method, path, _ := strings.Cut(test.request, " ")
		got := apitest.Answer[refusal](c.Client, method, path, test.body, test.status)
		if got.Code != test.code || !strings.Contains(got.Message, test.says) || got.Resource == "" || len(got.Message) > 1500 {
			t.Errorf("%+v, want %s with %q", got, test.code, test.says)
		}
	})
}

func TestFileRefusals(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	write(t, d+"/file", "text")
	write(t, d+"/other", "text")
	link(t, "loop", d+"/loop")
	link(t, "nowhere/at/all", d+"/dangling")
	for _, name := range []string{"full", "full/inner", "empty"} {
		if err := os.Mkdir(d+"/"+name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	socket, err := net.Listen("unix", d+"/socket")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := syscall.Mkfifo(d+"/fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 300)
	huge := "/" + strings.Repeat("x/", 2_500)

	// Every route refuses the same bad paths.
	for _, route := range []string{
		"GET /files?", "PUT /files?", "PATCH /files?offset=0&", "DELETE /files?", "GET /files/stat?", "GET /files/list?",
		"POST /files/mkdir?", "POST /files/rename?to=/x&",
	} {
		at := func(path string) string { return route + at(d, path) }
		c.refuses(t, route+" no path", refusalCase{route, "", 400, "invalid_argument", "No path"})
		c.refuses(t, route+" a relative path", refusalCase{route + "path=tmp", "", 400, "invalid_argument", "not absolute"})
		c.refuses(t, route+" a NUL", refusalCase{route + "path=/tmp/a%00b", "", 400, "invalid_argument", "NUL"})
		c.refuses(t, route+" 5,000 bytes", refusalCase{at(huge), "", 400, "invalid_argument", "more than 4095 bytes"})
		c.refuses(t, route+" a name of 300 bytes", refusalCase{at(long), "", 400, "invalid_argument", "file name too long"})
		c.refuses(t, route+" below a file", refusalCase{at("file/x"), "", 409, "not_a_directory", "not a directory"})
		c.refuses(t, route+" below a loop", refusalCase{at("loop/x"), "", 400, "invalid_argument", "too many levels"})
		c.refuses(t, route+" no base64", refusalCase{route + "pathBytes=***", "", 400, "invalid_argument", "in base64"})
		c.refuses(t, route+" both forms", refusalCase{at("file") + "&pathBytes=L3g", "", 400, "invalid_argument", "instead of path"})
		c.refuses(t, route+" a broken query", refusalCase{route + "path=/%zz", "", 400, "invalid_argument", "query"})
		if !strings.HasPrefix(route, "PUT") {
			c.refuses(t, route+" not there", refusalCase{at("none/x"), "", 404, "not_found", "no such file"})
		}
	}
	ofFile := func(route, path, query string) string { return route + "?" + at(d, path) + query }
	for name, test := range map[string]refusalCase{
		"reading a directory":              {ofFile("GET /files", "full", ""), "", 409, "is_a_directory", "is a directory"},
		"reading a FIFO":                   {ofFile("GET /files", "fifo", ""), "", 501, "not_supported", "it is a fifo"},
		"reading a socket":                 {ofFile("GET /files", "socket", ""), "", 501, "not_supported", "it is a socket"},
		"reading a device":                 {ofFile("GET /files", "/dev/zero", ""), "", 501, "not_supported", "it is a device"},
		"reading a dangling link":          {ofFile("GET /files", "dangling", ""), "", 404, "not_found", "no such file"},
		"reading a loop":                   {ofFile("GET /files", "loop", ""), "", 400, "invalid_argument", "too many levels"},
		"writing a directory":              {ofFile("PUT /files", "full", ""), "x", 409, "is_a_directory", "is a directory"},
		"writing a name with a slash":      {ofFile("PUT /files", "file/", ""), "x", 409, "is_a_directory", "is a directory"},
		"writing the root":                 {ofFile("PUT /files", "/", ""), "x", 409, "is_a_directory", "is a directory"},
		"writing ..":                       {ofFile("PUT /files", "full/..", ""), "x", 409, "is_a_directory", "is a directory"},
		"writing a FIFO":                   {ofFile("PUT /files", "fifo", ""), "x", 501, "not_supported", "it is a fifo"},
		"writing a device":                 {ofFile("PUT /files", "/dev/null", ""), "x", 501, "not_supported", "it is a device"},
		"writing a loop":                   {ofFile("PUT /files", "loop", ""), "x", 400, "invalid_argument", "too many levels"},
		"a mode that is too large":         {ofFile("PUT /files", "file", "&mode=10000"), "x", 400, "invalid_argument", "mode"},
		"a mode that is not octal":         {ofFile("PUT /files", "file", "&mode=8"), "x", 400, "invalid_argument", "mode"},
		"a mode in letters":                {ofFile("PUT /files", "file", "&mode=rwx"), "x", 400, "invalid_argument", "mode"},
		"sync that is no flag":             {ofFile("PUT /files", "file", "&sync=maybe"), "x", 400, "invalid_argument", "sync"},
		"writing where no file can be":     {ofFile("PUT /files", "/proc/x", ""), "x", 404, "not_found", "no such file"},
		"patching without a word":          {ofFile("PATCH /files", "file", ""), "x", 400, "invalid_argument", "give offset, append or truncate"},
		"patching in two ways":             {ofFile("PATCH /files", "file", "&offset=0&append=true"), "x", 400, "invalid_argument", "exclude"},
		"patching nowhere":                 {ofFile("PATCH /files", "file", "&truncate=0"), "x", 400, "invalid_argument", "where it goes"},
		"patching what is not there":       {ofFile("PATCH /files", "none", "&offset=0"), "x", 404, "not_found", "no such file"},
		"making what is there":             {ofFile("PATCH /files", "file", "&truncate=0&create=true&exclusive=true"), "", 409, "already_exists", "exists"},
		"making a link's target":           {ofFile("PATCH /files", "dangling", "&truncate=0&create=true&exclusive=true"), "", 409, "already_exists", "exists"},
		"exclusive alone":                  {ofFile("PATCH /files", "file", "&truncate=0&exclusive=true"), "", 400, "invalid_argument", "needs create"},
		"making without a directory":       {ofFile("PATCH /files", "none/x", "&truncate=0&create=true"), "", 404, "not_found", "no such file"},
		"patching a directory":             {ofFile("PATCH /files", "full", "&offset=0"), "x", 409, "is_a_directory", "is a directory"},
		"patching a FIFO":                  {ofFile("PATCH /files", "fifo", "&offset=0"), "x", 501, "not_supported", "it is a fifo"},
		"a negative offset":                {ofFile("PATCH /files", "file", "&offset=-1"), "x", 400, "invalid_argument", "offset"},
		"an offset that does not fit":      {ofFile("PATCH /files", "file", "&offset=9223372036854775808"), "x", 400, "invalid_argument", "offset"},
		"an offset that is no number":      {ofFile("PATCH /files", "file", "&offset=1e3"), "x", 400, "invalid_argument", "offset"},
		"an offset no file can have":       {ofFile("PATCH /files", "file", "&offset=9223372036854775807"), "x", 413, "file_too_large", "file too large"},
		"a negative length":                {ofFile("PATCH /files", "file", "&truncate=-1"), "", 400, "invalid_argument", "truncate"},
		"a length no file can have":        {ofFile("PATCH /files", "file", "&truncate=9223372036854775807"), "", 413, "file_too_large", "file too large"},
		"listing a file":                   {ofFile("GET /files/list", "file", ""), "", 409, "not_a_directory", "not a directory"},
		"listing a FIFO":                   {ofFile("GET /files/list", "fifo", ""), "", 409, "not_a_directory", "not a directory"},
		"listing none":                     {ofFile("GET /files/list", "full", "&limit=0"), "", 400, "invalid_argument", "limit"},
		"listing too many":                 {ofFile("GET /files/list", "full", "&limit=100001"), "", 400, "invalid_argument", "limit"},
		"a cursor from elsewhere":          {ofFile("GET /files/list", "full", "&cursor=***"), "", 400, "invalid_argument", "cursor"},
		"making a directory again":         {ofFile("POST /files/mkdir", "full", ""), "", 409, "already_exists", "exists"},
		"a directory where a file is":      {ofFile("POST /files/mkdir", "file", "&parents=true"), "", 409, "already_exists", "exists"},
		"a directory where a link dangles": {ofFile("POST /files/mkdir", "dangling", "&parents=true"), "", 409, "already_exists", "exists"},
		"parents where a file is":          {ofFile("POST /files/mkdir", "file/x/y", "&parents=true"), "", 409, "not_a_directory", "not a directory"},
		"parents through a dangling link":  {ofFile("POST /files/mkdir", "dangling/x/y", "&parents=true"), "", 404, "not_found", "no such file"},
		"removing what has entries":        {ofFile("DELETE /files", "full", ""), "", 409, "directory_not_empty", "not empty"},
		"removing the root":                {ofFile("DELETE /files", "/", "&recursive=true"), "", 400, "invalid_argument", "no name"},
		"removing the directory itself":    {ofFile("DELETE /files", "full/.", "&recursive=true"), "", 400, "invalid_argument", "no name"},
		"removing what it is in":           {ofFile("DELETE /files", "full/inner/..", "&recursive=true"), "", 400, "invalid_argument", "no name"},
		"removing with slashes below it":   {ofFile("DELETE /files", "full/inner/..///", "&recursive=true"), "", 400, "invalid_argument", "no name"},
		"renaming to nothing":              {ofFile("POST /files/rename", "file", ""), "", 400, "invalid_argument", "No path"},
		"renaming to a relative path":      {ofFile("POST /files/rename", "file", "&to=x"), "", 400, "invalid_argument", "not absolute"},
		"renaming over a directory":        {ofFile("POST /files/rename", "file", "&to="+d+"/full"), "", 409, "is_a_directory", "is a directory"},
		"renaming over what has entries":   {ofFile("POST /files/rename", "empty", "&to="+d+"/full"), "", 409, "directory_not_empty", "not empty"},
		"renaming over a file":             {ofFile("POST /files/rename", "full", "&to="+d+"/file"), "", 409, "not_a_directory", "not a directory"},
		"renaming into itself":             {ofFile("POST /files/rename", "full", "&to="+d+"/full/inner/x"), "", 400, "invalid_argument", "invalid argument"},
		"renaming what must not be there":  {ofFile("POST /files/rename", "file", "&exclusive=true&to="+d+"/other"), "", 409, "already_exists", "exists"},
		"renaming to another file system":  {ofFile("POST /files/rename", "file", "&to=/dev/shm/sandkeep-test"), "", 501, "not_supported", "different file systems"},
		"renaming without a directory":     {ofFile("POST /files/rename", "file", "&to="+d+"/none/x"), "", 404, "not_found", "no such file"},
	} {
		c.refuses(t, name, test)
	}
	if got := names(t, d) + " " + names(t, d+"/full"); got != "dangling empty fifo file full loop other socket inner" || contentOf(d+"/file") != "text" {
		t.Errorf("refusals have changed something: %s, %q", got, contentOf(d+"/file"))
	}
}

func TestFileRefusalsOfProgramsAndDeletedDirectories(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	binary, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d+"/program", binary, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(d+"/gone", 0o755); err != nil {
		t.Fatal(err)
	}
	sleep := exec.Command(d+"/program", "100")
	sleep.Dir = d + "/gone"
	for err = sleep.Start(); errors.Is(err, syscall.ETXTBSY); err = sleep.Start() {
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { sleep.Process.Kill(); sleep.Wait() }()
	if err := os.Remove(d + "/gone"); err != nil {
		t.Fatal(err)
	}
	gone := fmt.Sprintf("/proc/%d/cwd/x", sleep.Process.Pid)
	c.refuses(t, "writing into a running program", refusalCase{"PATCH /files?offset=0&" + at(d, "program"), "x", 412, "failed_precondition", "a program that runs"})
	c.refuses(t, "writing into a deleted directory", refusalCase{"PUT /files?" + at(d, gone), "x", 404, "not_found", "no such file"})
	c.refuses(t, "making in a deleted directory", refusalCase{"POST /files/mkdir?parents=true&" + at(d, gone), "", 404, "not_found", "no such file"})
	if status, text := c.Text("PUT", "/files?"+at(d, "program"), "new"); status != 204 {
		t.Errorf("replacing a running program: %d %s", status, text)
	}
}

func TestFullDisk(t *testing.T) {
	if !inside(t, ownMounts()) {
		return
	}
	c, d := serve(t), t.TempDir()
	mountTemporary(t, d, "size=1m,nr_inodes=8")
	write(t, d+"/kept", "before")
	large := strings.Repeat("x", 2<<20)
	c.refuses(t, "a new file", refusalCase{"PUT /files?" + at(d, "new"), large, 507, "no_space", "no space left"})
	c.refuses(t, "a file that is there", refusalCase{"PUT /files?" + at(d, "kept"), large, 507, "no_space", "no space left"})
	if got := names(t, d) + contentOf(d+"/kept"); got != "keptbefore" {
		t.Errorf("left %s", got)
	}
	c.refuses(t, "in place", refusalCase{"PATCH /files?append=true&" + at(d, "kept"), large, 507, "no_space", "no space left"})
	if err := os.Truncate(d+"/kept", 6); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		write(t, fmt.Sprintf("%s/inode-%d", d, i), "")
	}
	c.refuses(t, "no inode for a file", refusalCase{"PUT /files?" + at(d, "new"), "x", 507, "no_space", "no space left"})
	c.refuses(t, "no inode to replace with", refusalCase{"PUT /files?" + at(d, "kept"), "x", 507, "no_space", "no space left"})
	c.refuses(t, "no inode for a directory", refusalCase{"POST /files/mkdir?" + at(d, "new"), "", 507, "no_space", "no space left"})
	c.refuses(t, "a mount point", refusalCase{"DELETE /files?recursive=true&" + at(d, ""), "", 412, "failed_precondition", "mount point"})
	if contentOf(d+"/kept") != "before" {
		t.Error("a mount point has lost what was in it")
	}
}

func TestReadOnlyFileSystem(t *testing.T) {
	if !inside(t, ownMounts()) {
		return
	}
	c, d := serve(t), t.TempDir()
	mountTemporary(t, d, "size=1m")
	write(t, d+"/file", "text")
	write(t, d+"/mounted", "")
	if err := syscall.Mount(d+"/file", d+"/mounted", "", syscall.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	c.refuses(t, "a file that is a mount point", refusalCase{"PUT /files?" + at(d, "mounted"), "x", 412, "failed_precondition", "PATCH writes into it"})
	apitest.Answer[any](c.Client, "PATCH", "/files?offset=0&truncate=0&"+at(d, "mounted"), "in place", 200)
	if err := syscall.Mount("", d, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=1m"); err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]string{
		"a new file": "PUT /files?" + at(d, "new"), "a file that is there": "PUT /files?" + at(d, "file"), "new parents": "PUT /files?" + at(d, "a/b"),
		"in place": "PATCH /files?offset=0&" + at(d, "file"), "removing": "DELETE /files?" + at(d, "file"),
		"a directory": "POST /files/mkdir?" + at(d, "new"), "renaming": "POST /files/rename?" + at(d, "file") + "&to=" + d + "/x",
	} {
		c.refuses(t, name, refusalCase{of, "", 403, "permission_denied", "the file system is read-only"})
	}
	if _, text := c.Text("GET", "/files?"+at(d, "file"), ""); text != "in place" {
		t.Errorf("read %q", text)
	}
}

func TestAsAnotherUser(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Setenv("SANDKEEP_TEST_DIRECTORY", forAnotherUser(t))
		inside(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}})
		return
	}
	d := os.Getenv("SANDKEEP_TEST_DIRECTORY")
	if d == "" {
		t.Fatal("only root can be another user: run the tests as root")
	}
	c := serve(t)
	denied := func(request string) refusalCase { return refusalCase{request, "x", 403, "permission_denied", "ermi"} }
	for name, request := range map[string]string{
		"reading":                       "GET /files?" + at(d, "closed"),
		"reading below":                 "GET /files?" + at(d, "secret/x"),
		"describing below":              "GET /files/stat?" + at(d, "secret/x"),
		"listing":                       "GET /files/list?" + at(d, "secret"),
		"listing without searching":     "GET /files/list?" + at(d, "listable"),
		"writing":                       "PUT /files?" + at(d, "readable"),
		"writing a new file":            "PUT /files?" + at(d, "new"),
		"writing below":                 "PUT /files?" + at(d, "secret/x"),
		"patching":                      "PATCH /files?offset=0&" + at(d, "readable"),
		"making a file":                 "PATCH /files?append=true&create=true&" + at(d, "new"),
		"making a directory":            "POST /files/mkdir?" + at(d, "new"),
		"making parents":                "POST /files/mkdir?parents=true&" + at(d, "new/x"),
		"removing":                      "DELETE /files?" + at(d, "readable"),
		"removing what another sticks":  "DELETE /files?" + at(d, "open/other"),
		"removing all":                  "DELETE /files?recursive=true&" + at(d, "listable"),
		"renaming":                      "POST /files/rename?" + at(d, "readable") + "&to=" + d + "/x",
		"replacing what can be written": "PUT /files?" + at(d, "mine"),
	} {
		c.refuses(t, name, denied(request))
	}
	var refused struct{ Details struct{ InPlace bool } }
	if refused = apitest.Answer[struct{ Details struct{ InPlace bool } }](c.Client, "PUT", "/files?"+at(d, "mine"), "x", 403); !refused.Details.InPlace {
		t.Errorf("%+v", refused)
	}
	apitest.Answer[any](c.Client, "PATCH", "/files?truncate=0&offset=0&"+at(d, "mine"), "new", 200)
	if status, text := c.Text("PUT", "/files?"+at(d, "open/new"), "x"); status != 204 {
		t.Errorf("%d %s", status, text)
	}
	if got := contentOf(d+"/mine") + contentOf(d+"/open/new"); got != "newx" {
		t.Errorf("%s", got)
	}
}

// forAnotherUser makes files that others may not use in every way.
func forAnotherUser(t *testing.T) (directory string) {
	d := t.TempDir()
	for path, mode := range map[string]os.FileMode{"closed": 0o600, "mine": 0o666, "readable": 0o644} {
		must(t, os.Chmod(write(t, d+"/"+path, "text"), mode))
	}
	for path, mode := range map[string]os.FileMode{"secret": 0o700, "listable": 0o744, "open": 0o777 | os.ModeSticky} {
		must(t, os.Mkdir(d+"/"+path, 0o755), os.Chmod(d+"/"+path, mode))
	}
	write(t, d+"/listable/x", "")
	write(t, d+"/open/other", "")
	must(t, os.Chmod(d, 0o755), os.Chmod(d+"/..", 0o755))
	return d
}

func TestMakesMovesAndRemoves(t *testing.T) {
	t.Parallel()
	c, d := serve(t), t.TempDir()
	do := func(request string) {
		t.Helper()
		method, path, _ := strings.Cut(request, " ")
		if status, text := c.Text(method, path, ""); status != 204 {
			t.Fatalf("%s: %d %s", request, status, text)
		}
	}
	do("POST /files/mkdir?parents=true&mode=2770&" + at(d, "a/b/c"))
	do("POST /files/mkdir?parents=true&mode=0700&" + at(d, "a/b/c/"))
	do("POST /files/mkdir?" + at(d, "a/plain/"))
	if info, err := os.Stat(d + "/a/b/c"); err != nil || info.Mode() != os.ModeDir|os.ModeSetgid|0o770 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	write(t, d+"/outside", "kept")
	link(t, d, d+"/a/b/up")
	link(t, d+"/outside", d+"/a/b/c/link")
	link(t, "a", d+"/to-a")
	do("POST /files/mkdir?parents=true&" + at(d, "to-a"))
	write(t, d+"/a/b/c/file", "moves")
	do("POST /files/rename?" + at(d, "a/b/c/file") + "&to=" + d + "/moved")
	do("POST /files/rename?exclusive=true&" + at(d, "moved") + "&to=" + d + "/again")
	write(t, d+"/replaced", "old")
	do("POST /files/rename?" + at(d, "again") + "&to=" + d + "/replaced")
	do("POST /files/rename?" + at(d, "a") + "&to=" + d + "/z")
	do("POST /files/rename?" + at(d, "to-a/") + "&toBytes=" + "L3RtcC9zYW5ka2VlcC10ZXN0LWxpbms")
	do("DELETE /files?path=/tmp/sandkeep-test-link")
	if got := names(t, d) + contentOf(d+"/replaced"); got != "outside replaced zmoves" {
		t.Errorf("%s", got)
	}
	do("DELETE /files?recursive=true&" + at(d, "z/b/up/"))
	do("DELETE /files?" + at(d, "z/plain"))
	do("DELETE /files?recursive=true&" + at(d, "z"))
	do("DELETE /files?recursive=true&" + at(d, "replaced"))
	if got := names(t, d) + contentOf(d+"/outside"); got != "outsidekept" {
		t.Errorf("%s", got)
	}
}
