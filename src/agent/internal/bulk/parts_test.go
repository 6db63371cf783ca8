package bulk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func sent(t testing.TB, body []byte, pieces int) []byte {
	t.Helper()
	var stream bytes.Buffer
	s := &sender{out: &stream}
	for rest := body; len(rest) > 0; {
		piece := rest[:min(len(rest), max(1, len(body)/pieces))]
		if n, err := s.Write(piece); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
		rest = rest[len(piece):]
	}
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
	return stream.Bytes()
}

func TestABodyArrivesHoweverItIsCutIntoPieces(t *testing.T) {
	t.Parallel()
	body := bytes.Repeat([]byte("0123456789abcdef"), 3*maxPart/16+1)
	for _, size := range []int{0, 1, 100, maxPart, maxPart + 1, len(body)} {
		for _, pieces := range []int{1, 7} {
			stream := sent(t, body[:size], pieces)
			got, err := io.ReadAll(newReceiver(iotest.HalfReader(bytes.NewReader(stream))))
			if err != nil || !bytes.Equal(got, body[:size]) {
				t.Errorf("%d octets in %d pieces: %d arrived, %v", size, pieces, len(got), err)
			}
		}
	}
}

func TestABodyThatIsCutAnywhereIsNeverTakenForWhole(t *testing.T) {
	t.Parallel()
	stream := sent(t, []byte("a body of two parts"), 2)
	for length := range stream {
		if _, err := io.ReadAll(newReceiver(bytes.NewReader(stream[:length]))); !errors.Is(err, errCutShort) {
			t.Errorf("cut after %d of %d: %v", length, len(stream), err)
		}
	}
}

func TestABodyThatIsChangedAnywhereIsRefused(t *testing.T) {
	t.Parallel()
	stream := sent(t, []byte("a body of two parts"), 2)
	for at := range stream {
		changed := bytes.Clone(stream)
		changed[at] ^= 0x10
		if _, err := io.ReadAll(newReceiver(bytes.NewReader(changed))); err == nil {
			t.Errorf("changed at %d of %d, and taken for what was sent", at, len(stream))
		}
	}
}

func TestAPartThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	head := binary.BigEndian.AppendUint32(nil, maxPart+1)
	if _, err := newReceiver(bytes.NewReader(head)).Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "1048577 octets") {
		t.Error(err)
	}
}

func FuzzReceiver(f *testing.F) {
	f.Add([]byte{}, 1)
	f.Add(sent(f, []byte("a body of two parts"), 2), 3)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0}, 100)
	f.Add([]byte{0, 0, 0, 1}, 8)
	f.Add(make([]byte, lengthSize+trailerSize), 8)
	f.Fuzz(func(t *testing.T, stream []byte, size int) {
		r := newReceiver(bytes.NewReader(stream))
		p := make([]byte, 1+uint(size)%4096)
		var body []byte
		for {
			n, err := r.Read(p)
			body = append(body, p[:n]...)
			if len(body) > len(stream) {
				t.Fatalf("%d octets came out of %d", len(body), len(stream))
			}
			if err == nil {
				continue
			}
			if again, same := r.Read(p); again != 0 || same != err {
				t.Fatalf("after %v came %d octets and %v", err, again, same)
			}
			if err == io.EOF && len(body) > 0 && !bytes.Contains(stream, body[:1]) {
				t.Fatal("octets that were not sent")
			}
			return
		}
	})
}
