package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	ticket   = "0123456789abcdef0123456789abcdef"
	greeting = "sandkeep/1\n"
)

// bulkStream starts `agent read` or `agent write`.
func bulkStream(t *testing.T, run, direction, ticket string) pipes {
	t.Helper()
	_, stream := connectAs(t, direction, "--run", run, ticket)
	return stream
}

func (a *agent) bulk(method, path, ticket string) *http.Response {
	a.t.Helper()
	request, _ := http.NewRequestWithContext(a.t.Context(), method, "http://agent/bulk"+path, nil)
	request.Header.Set("Sandkeep-Ticket", ticket)
	response, err := a.http.Do(request)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	a.t.Cleanup(func() { response.Body.Close() })
	return response
}

func random(size int) []byte {
	body := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(body)
	return body
}

// parts is a body as it travels.
func parts(body []byte) []byte {
	var stream bytes.Buffer
	for rest := body; len(rest) > 0; {
		part := rest[:min(len(rest), 300_000)]
		_ = binary.Write(&stream, binary.BigEndian, uint32(len(part)))
		stream.Write(part)
		rest = rest[len(part):]
	}
	_ = binary.Write(&stream, binary.BigEndian, uint32(0))
	_ = binary.Write(&stream, binary.BigEndian, uint64(len(body)))
	_ = binary.Write(&stream, binary.BigEndian, crc32.ChecksumIEEE(body))
	return stream.Bytes()
}

// bodyOf reads what comes after the greeting, to the end.
func bodyOf(t *testing.T, stream io.Reader) (body []byte, whole bool) {
	t.Helper()
	head := make([]byte, len(greeting))
	if _, err := io.ReadFull(stream, head); err != nil || string(head) != greeting {
		t.Fatalf("greeted with %q, %v", head, err)
	}
	for {
		var length uint32
		if binary.Read(stream, binary.BigEndian, &length) != nil {
			return body, false
		}
		if length == 0 {
			var total uint64
			var sum uint32
			if binary.Read(stream, binary.BigEndian, &total) != nil || binary.Read(stream, binary.BigEndian, &sum) != nil {
				return body, false
			}
			return body, total == uint64(len(body)) && sum == crc32.ChecksumIEEE(body)
		}
		part := make([]byte, length)
		if _, err := io.ReadFull(stream, part); err != nil {
			return body, false
		}
		body = append(body, part...)
	}
}

func TestALargeFileIsReadOverAStreamOfItsOwn(t *testing.T) {
	t.Parallel()
	a, file := start(t, `{}`), filepath.Join(t.TempDir(), "file")
	contents := random(9 << 20)
	if err := os.WriteFile(file, contents, 0o600); err != nil {
		t.Fatal(err)
	}
	a.ask("GET", "/info", "")
	stream := bulkStream(t, a.run, "read", ticket)
	response := a.bulk("GET", "/files?path="+file, ticket)
	if response.StatusCode != 200 || response.Header.Get("Sandkeep-Ticket") != ticket || response.Header.Get("Sandkeep-Length") != "9437184" {
		t.Fatal(response.Status, response.Header)
	}
	got, whole := bodyOf(t, stream)
	if !whole || sha256.Sum256(got) != sha256.Sum256(contents) {
		t.Errorf("%d octets, whole: %v", len(got), whole)
	}
	if rest, err := io.ReadAll(response.Body); len(rest) > 0 || err != nil {
		t.Errorf("%d octets on the link, %v", len(rest), err)
	}
}

func TestASmallReplyStaysOnTheLink(t *testing.T) {
	t.Parallel()
	a, folder := start(t, `{}`), t.TempDir()
	if err := os.WriteFile(folder+"/file", random(1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	a.ask("GET", "/info", "")
	for path, status := range map[string]int{
		"/files?path=" + folder + "/file": 200, "/files?path=" + folder + "/none": 404, "/files?path=" + folder: 409,
		"/files/archive?path=/nowhere": 404,
	} {
		response := a.bulk("GET", path, ticket)
		if body, err := io.ReadAll(response.Body); response.StatusCode != status || response.Header.Get("Sandkeep-Ticket") != "" || len(body) == 0 || err != nil {
			t.Errorf("%s: %v, %d octets, %v", path, response, len(body), err)
		}
	}
}

func TestAnArchiveTakesAStreamOnceItIsLarge(t *testing.T) {
	t.Parallel()
	a, folder := start(t, `{}`), t.TempDir()
	a.ask("GET", "/info", "")
	for name, size := range map[string]int{"little": 100 << 10, "much": 5 << 20} {
		if err := os.WriteFile(folder+"/file", random(size), 0o600); err != nil {
			t.Fatal(err)
		}
		large := size > 1<<20
		var stream pipes
		if large {
			stream = bulkStream(t, a.run, "read", ticket)
		}
		response := a.bulk("GET", "/files/archive?path="+folder, ticket)
		if got := response.Header.Get("Sandkeep-Ticket") != ""; response.StatusCode != 200 || got != large || response.Header.Get("Content-Type") != "application/x-tar" {
			t.Fatalf("%s: %v", name, response)
		}
		if !large {
			continue
		}
		if archive, whole := bodyOf(t, stream); !whole || len(archive) < size {
			t.Errorf("%s: %d octets, whole: %v", name, len(archive), whole)
		}
	}
}

func TestALargeFileIsWrittenOverAStreamOfItsOwn(t *testing.T) {
	t.Parallel()
	a, file := start(t, `{}`), filepath.Join(t.TempDir(), "deep", "file")
	contents := random(9 << 20)
	a.ask("GET", "/info", "")
	stream := bulkStream(t, a.run, "write", ticket)
	go stream.Write(parts(contents))
	response := a.bulk("PUT", "/files?mode=0640&path="+file, ticket)
	got, err := os.ReadFile(file)
	if response.StatusCode != 204 || err != nil || sha256.Sum256(got) != sha256.Sum256(contents) {
		t.Errorf("%v; %d octets, %v", response, len(got), err)
	}
	if greeted, err := io.ReadAll(stream); string(greeted) != greeting || err != nil {
		t.Errorf("greeted with %q, %v", greeted, err)
	}
}

func TestAWriteThatIsCutOrChangedLeavesTheFileAsItWas(t *testing.T) {
	t.Parallel()
	a, folder := start(t, `{}`), t.TempDir()
	file := folder + "/file"
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.ask("GET", "/info", "")
	whole := parts(random(5 << 20))
	changed := bytes.Clone(whole)
	changed[1<<20] ^= 1
	for name, body := range map[string][]byte{
		"cut in a part": whole[:3<<20], "cut before the end": whole[:len(whole)-16], "cut in the end": whole[:len(whole)-1],
		"changed": changed, "no part": []byte("\xff\xff\xff\xffgarbage"), "nothing": nil,
	} {
		stream := bulkStream(t, a.run, "write", ticket)
		go func() {
			_, _ = stream.Write(body)
			stream.Close()
		}()
		response := a.bulk("PUT", "/files?path="+file, ticket)
		text, _ := io.ReadAll(response.Body)
		if response.StatusCode != 503 || !strings.Contains(string(text), "The body broke off") {
			t.Errorf("%s: %s %s", name, response.Status, text)
		}
		if got, err := os.ReadFile(file); string(got) != "old" || err != nil {
			t.Errorf("%s: the file is %.20q, %v", name, got, err)
		}
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAWriteIsRefusedOnTheLinkBeforeAnyStream(t *testing.T) {
	t.Parallel()
	a := start(t, `{}`)
	a.ask("GET", "/info", "")
	for path, status := range map[string]int{"/files?path=relative": 400, "/files?path=/proc/x": 404, "/files?path=/": 409} {
		if response := a.bulk("PUT", path, ticket); response.StatusCode != status {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	for _, id := range []string{"", "0123", strings.ToUpper(ticket), ticket + "0", strings.Repeat("g", 32)} {
		if response := a.bulk("PUT", "/files?path=/tmp/x", id); response.StatusCode != 400 {
			t.Errorf("ticket %q: %s", id, response.Status)
		}
	}
}

func TestAStreamWithoutItsRequestIsCutOff(t *testing.T) {
	t.Parallel()
	a, file := start(t, `{}`), filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, random(5<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	a.ask("GET", "/info", "")
	other := strings.Repeat("f", 32)
	first := bufio.NewReader(bulkStream(t, a.run, "read", ticket))
	response := a.bulk("GET", "/files?path="+file, ticket)
	// The answer may come before the stream, but the ticket is taken once there is something on it.
	if _, err := first.Peek(len(greeting)); err != nil {
		t.Fatal(err)
	}
	streams := map[string]pipes{
		"of another ticket":      bulkStream(t, a.run, "read", other),
		"of a taken ticket":      bulkStream(t, a.run, "read", ticket),
		"in the wrong direction": bulkStream(t, a.run, "write", ticket),
		"of no ticket":           bulkStream(t, a.run, "read", "x"),
	}
	for name, stream := range streams {
		if got, err := io.ReadAll(stream); len(got) > 0 || err != nil {
			t.Errorf("a stream %s got %.20q, %v", name, got, err)
		}
	}
	if _, whole := bodyOf(t, first); !whole || response.StatusCode != 200 {
		t.Error("the first stream did not get the body")
	}
}

func TestARequestWithoutItsStreamEndsWithItsLink(t *testing.T) {
	t.Parallel()
	a, folder := start(t, `{}`), t.TempDir()
	a.ask("GET", "/info", "")
	process, connection := connect(t, a.run)
	request, _ := http.NewRequestWithContext(t.Context(), "PUT", "http://agent/bulk/files?path="+folder+"/file", nil)
	request.Header.Set("Sandkeep-Ticket", ticket)
	ended := make(chan error)
	go func() {
		_, err := over(connection).Do(request)
		ended <- err
	}()
	waitFor(t, "the temporary file", func() bool { left, _ := os.ReadDir(folder); return len(left) == 1 })
	_ = process.Process.Kill()
	if err := <-ended; err == nil {
		t.Error("the request was answered")
	}
	waitFor(t, "the temporary file to go", func() bool { left, _ := os.ReadDir(folder); return len(left) == 0 })
}

func waitFor(t *testing.T, what string, probe func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !probe(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}
