package link

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"testing"
)

func TestEverythingWrittenArrivesInOrder(t *testing.T) {
	t.Parallel()
	out, in := pipe(t)
	g := newGathering(in)
	var want []byte
	go func() {
		defer g.Close()
		for i := range 2000 {
			piece := bytes.Repeat([]byte{byte(i)}, i*7%6000)
			if n, err := g.Write(piece); n != len(piece) || err != nil {
				t.Errorf("wrote %d of %d bytes: %v", n, len(piece), err)
			}
		}
	}()
	for i := range 2000 {
		want = append(want, bytes.Repeat([]byte{byte(i)}, i*7%6000)...)
	}
	if got, err := io.ReadAll(out); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes arrived, want %d the same; %v", len(got), len(want), err)
	}
}

func TestASmallWriteNeedsNoOther(t *testing.T) {
	t.Parallel()
	out, in := pipe(t)
	g := newGathering(in)
	defer g.Close()
	for _, word := range []string{"one", "two"} {
		if _, err := g.Write([]byte(word)); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(word))
		if _, err := io.ReadFull(out, got); err != nil || string(got) != word {
			t.Errorf("%q arrived, want %q; %v", got, word, err)
		}
	}
}

func TestALargeWriteTakesWhatWasGatheredWithIt(t *testing.T) {
	t.Parallel()
	out, in := pipe(t)
	g := &gathering{file: in, wake: make(chan struct{}, 1)}
	head, body := []byte("head"), bytes.Repeat([]byte("body"), 2000)
	for _, piece := range [][]byte{head, body} {
		if _, err := g.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, joined)
	if n, err := out.Read(got); err != nil || !bytes.Equal(got[:n], append(head, body...)) {
		t.Errorf("%d bytes arrived at once, want %d; %v", n, len(head)+len(body), err)
	}
}

func TestSmallUpdatesOfWindowsWait(t *testing.T) {
	t.Parallel()
	update := func(octets uint32) []byte {
		return binary.BigEndian.AppendUint32([]byte{0, 0, 4, 8, 0, 0, 0, 0, 1}, octets)
	}
	for name, test := range map[string]struct {
		writes [][]byte
		goes   bool
	}{
		"an update":                 {[][]byte{update(4096)}, false},
		"of connection and stream":  {[][]byte{append(update(4096), update(4096)...)}, false},
		"a large one":               {[][]byte{update(keptBack + 1)}, true},
		"several that become large": {[][]byte{update(keptBack), update(1)}, true},
		"one with an answer":        {[][]byte{update(1), {0, 0, 1, 1, 5, 0, 0, 0, 1, 0x88}}, true},
		"an answer after another":   {[][]byte{{0, 0, 1, 1, 5, 0, 0, 0, 1, 0x88}, update(1)}, true},
		"a ping":                    {[][]byte{{0, 0, 8, 6, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}}, true},
	} {
		_, in := pipe(t)
		g := &gathering{file: in, wake: make(chan struct{}, 1)}
		for _, p := range test.writes {
			if _, err := g.Write(p); err != nil {
				t.Fatal(err)
			}
		}
		if goes := len(g.wake) == 1; goes != test.goes {
			t.Errorf("%s: goes out %v, want %v", name, goes, test.goes)
		}
	}
}

func TestAReaderThatStopsDoesNotHoldTheCloseBack(t *testing.T) {
	t.Parallel()
	_, in := pipe(t)
	g := newGathering(in)
	failed := make(chan error)
	go func() {
		for {
			if _, err := g.Write(make([]byte, 1<<10)); err != nil {
				failed <- err
				return
			}
		}
	}()
	g.Close()
	<-failed
}

func TestWritesFailOnceTheReaderIsGone(t *testing.T) {
	t.Parallel()
	out, in := pipe(t)
	g := newGathering(in)
	defer g.Close()
	out.Close()
	for {
		if _, err := g.Write([]byte("x")); err != nil {
			return
		}
	}
}

func pipe(t *testing.T) (out, in *os.File) {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close(); in.Close() })
	return out, in
}
