package spool

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func TestKeepsTheNewestBytesWhenNobodyReads(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		limit, written int64
		start          int64
		file           bool
	}{
		"nothing":                        {limit: 100, written: 0, start: 0},
		"less than the limit":            {limit: 100, written: 99, start: 0},
		"exactly the limit":              {limit: 100, written: 100, start: 0},
		"more than the limit":            {limit: 100, written: 1234, start: 1134},
		"what fits in memory":            {limit: 1 << 20, written: inMemory, start: 0},
		"one more than fits in memory":   {limit: 1 << 20, written: inMemory + 1, start: 0, file: true},
		"a file that went round and on":  {limit: 1 << 20, written: 5<<20 + 12345, start: 4<<20 + 12345, file: true},
		"a small ring in a file, around": {limit: 20_000, written: 100_001, start: 80_001, file: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "spool")
			s := New(Options{Path: path, Limit: test.limit})
			data := random(test.written)
			for rest := data; len(rest) > 0; {
				n := min(len(rest), 7_001)
				s.Write(rest[:n])
				rest = rest[n:]
			}
			s.Close()

			if state := s.State(); state.Start != test.start || state.End != test.written || !state.Closed {
				t.Errorf("state %+v, want start %d, end %d, closed", state, test.start, test.written)
			}
			if _, err := os.Stat(path); (err == nil) != test.file {
				t.Errorf("file: %v, want one: %v", err, test.file)
			}
			for range 2 {
				reader := s.Attach(0)
				if reader.Offset() != test.start {
					t.Errorf("a reader starts at %d, want %d", reader.Offset(), test.start)
				}
				if got := readAll(t, reader); !bytes.Equal(got, data[test.start:]) {
					t.Errorf("read %d bytes that differ from the %d kept", len(got), test.written-test.start)
				}
				reader.Detach()
			}
			s.Discard()
			if _, err := os.Stat(path); err == nil {
				t.Error("the file is still there after Discard")
			}
		})
	}
}

func TestAttachedReadersLoseNothing(t *testing.T) {
	t.Parallel()
	s := New(Options{Path: filepath.Join(t.TempDir(), "spool"), Limit: 30_000})
	data := random(3 << 20)
	var readers sync.WaitGroup
	for range 3 {
		reader := s.Attach(0)
		readers.Go(func() {
			defer reader.Detach()
			if got := readAll(t, reader); sha256.Sum256(got) != sha256.Sum256(data) {
				t.Errorf("read %d bytes, not the %d written", len(got), len(data))
			}
		})
	}
	s.Write(data)
	s.Close()
	readers.Wait()
}

func TestAReaderThatLeavesFreesTheWriter(t *testing.T) {
	t.Parallel()
	s := New(Options{Limit: 100})
	reader := s.Attach(0)
	written := make(chan struct{})
	go func() { s.Write(random(1000)); close(written) }()
	for s.State().End < 100 {
		<-s.Changed()
	}
	select {
	case <-written:
		t.Fatal("the writer overtook an attached reader")
	default:
	}
	reader.Detach()
	<-written
}

func TestAReaderWithoutProgressIsPassedOverAfterAWhile(t *testing.T) {
	t.Parallel()
	s := New(Options{Limit: 100, Patience: time.Millisecond})
	stuck := s.Attach(0)
	s.Write(random(1000))
	if _, err := stuck.TryRead(make([]byte, 10)); !errors.Is(err, ErrOvertaken) {
		t.Errorf("reading what is gone: %v", err)
	}
	if again := s.Attach(0); again.Offset() != 900 {
		t.Errorf("a new reader starts at %d, want 900", again.Offset())
	}
}

func TestGoesOnInMemoryWithoutAFile(t *testing.T) {
	t.Parallel()
	// By a link: a spool that is closed removes its file, which must not be the machine's device.
	link := filepath.Join(t.TempDir(), "full")
	if err := os.Symlink("/dev/full", link); err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile(link, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Spool{
		"that cannot be made":    New(Options{Path: "/proc/nowhere/spool", Limit: 1 << 20}),
		"that cannot be written": {options: Options{Limit: 1 << 20, Patience: time.Hour}, limit: 1 << 20, ring: &file{full, 1 << 20}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := random(300_000)
			reader := s.Attach(0)
			go func() { s.Write(data); s.Close() }()
			if got := readAll(t, reader); !bytes.Equal(got, data) {
				t.Errorf("an attached reader got %d bytes, not the %d written", len(got), len(data))
			}
			if state := s.State(); state.End-state.Start != fallback {
				t.Errorf("keeps %d bytes, want %d", state.End-state.Start, fallback)
			}
		})
	}
}

func TestKeepsTheNewestBytesOfAFileThatFails(t *testing.T) {
	t.Parallel()
	s := New(Options{Path: filepath.Join(t.TempDir(), "spool"), Limit: 1 << 20})
	data := random(200_000)
	s.Write(data[:150_000])
	// From now on writing fails, reading does not.
	stored := s.ring.(*file)
	readOnly, err := os.Open(stored.Name())
	if err != nil {
		t.Fatal(err)
	}
	stored.File.Close()
	stored.File = readOnly
	s.Write(data[150_000:])
	s.Close()
	if got := readAll(t, s.Attach(0)); !bytes.Equal(got, data[200_000-fallback:]) {
		t.Errorf("read %d bytes that are not the newest", len(got))
	}
}

func TestReadersThatHaveCaughtUpEndWhenSettled(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	s.Write([]byte("before"))
	s.Settle()
	if got := readAll(t, s.Attach(0)); string(got) != "before" {
		t.Errorf("read %q", got)
	}
	s.Write([]byte(" after"))
	if got := readAll(t, s.Attach(6)); string(got) != " after" {
		t.Errorf("read %q", got)
	}
}

func TestDoesNotFollowALinkInPlaceOfItsFile(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	target, path := filepath.Join(directory, "target"), filepath.Join(directory, "spool")
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	s := New(Options{Path: path})
	s.Write(random(100_000))
	if _, err := os.Stat(target); err == nil {
		t.Error("wrote through a symbolic link")
	}
}

func readAll(t *testing.T, reader *Reader) []byte {
	var all bytes.Buffer
	buffer := make([]byte, 5_003)
	for {
		n, err := reader.Read(context.Background(), buffer)
		all.Write(buffer[:n])
		if err == io.EOF {
			return all.Bytes()
		}
		if err != nil {
			t.Errorf("reading at %d: %v", reader.Offset(), err)
			return nil
		}
	}
}

func random(n int64) []byte {
	data := make([]byte, n)
	_, _ = rand.Read(data)
	return data
}
