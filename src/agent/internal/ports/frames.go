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

// read takes what one read gives: 0 octets only with an error.
func (f *frame) read(from io.Reader) (int, error) {
	n, err := from.Read(f[headerSize:])
	if n > 0 {
		return n, nil
	}
	return 0, err
}

// write sends the n octets that were read; none are the end.
func (f *frame) write(to io.Writer, n int) error {
	binary.BigEndian.PutUint32(f[:], uint32(n))
	_, err := to.Write(f[:headerSize+n])
	return err
}
