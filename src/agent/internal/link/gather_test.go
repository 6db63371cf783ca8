package link

import (
	"bytes"
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
