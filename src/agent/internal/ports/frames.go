package ports

import (
	"encoding/binary"
	"io"
)

// What comes from a port travels in frames, so that its end can be told while the other direction goes on, which HTTP/2
// leaves to whoever answers last:
//
//	length, 4 octets, big-endian │ that many octets
//
// One of length 0 is the end; no other follows.
const (
	headerSize = 4
	// frameSize is how many octets a frame has at most.
	frameSize = 32 << 10
)

// frame is what one read from the port takes, behind room for its length.
type frame [headerSize + frameSize]byte

// move sends what one read gives, or the end. It returns io.EOF after the end.
func (f *frame) move(to io.Writer, from io.Reader) error {
	n, err := from.Read(f[headerSize:])
	if n == 0 && err != io.EOF {
		return err
	}
	binary.BigEndian.PutUint32(f[:], uint32(n))
	if _, err := to.Write(f[:headerSize+n]); err != nil {
		return err
	}
	if n > 0 {
		return nil
	}
	return io.EOF
}
