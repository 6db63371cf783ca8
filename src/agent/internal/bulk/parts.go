package bulk

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

const (
	// maxPart is how many octets a part may have.
	maxPart = 1 << 20
	// readAhead is how many octets are read at once while lengths are among them.
	readAhead   = 64 << 10
	lengthSize  = 4
	trailerSize = 8 + 4
)

// sender writes a body in parts.
type sender struct {
	out   io.Writer
	total uint64
	sum   uint32
}

// Write sends p as parts.
func (s *sender) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), maxPart)]
		if err := s.part(part); err != nil {
			return n, err
		}
		n += len(part)
		p = p[len(part):]
	}
	return n, nil
}

func (s *sender) part(p []byte) error {
	var length [lengthSize]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(p)))
	if _, err := s.out.Write(length[:]); err != nil {
		return err
	}
	s.total += uint64(len(p))
	s.sum = crc32.Update(s.sum, crc32.IEEETable, p)
	_, err := s.out.Write(p)
	return err
}

// end says that the body is whole.
func (s *sender) end() error {
	var end [lengthSize + trailerSize]byte
	binary.BigEndian.PutUint64(end[lengthSize:], s.total)
	binary.BigEndian.PutUint32(end[lengthSize+8:], s.sum)
	_, err := s.out.Write(end[:])
	return err
}

var errCutShort = errors.New("the stream ended before the body")

// receiver reads a body that comes in parts. It gives io.EOF only for one that is whole.
type receiver struct {
	in    *bufio.Reader
	left  uint32
	total uint64
	sum   uint32
	err   error
}

func newReceiver(in io.Reader) *receiver {
	return &receiver{in: bufio.NewReaderSize(in, readAhead)}
}

func (r *receiver) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, r.err
	}
	if r.err == nil && r.left == 0 {
		r.left, r.err = r.next()
	}
	if r.err != nil {
		return 0, r.err
	}
	n, r.err = r.in.Read(p[:min(len(p), int(r.left))])
	r.left -= uint32(n)
	r.total += uint64(n)
	r.sum = crc32.Update(r.sum, crc32.IEEETable, p[:n])
	if r.err == io.EOF {
		r.err = errCutShort
	}
	if n > 0 {
		return n, nil
	}
	return 0, r.err
}

// next gives the length of the next part, or io.EOF if the body is over and is what was sent.
func (r *receiver) next() (length uint32, err error) {
	var head [lengthSize]byte
	if err := r.fill(head[:]); err != nil {
		return 0, err
	}
	length = binary.BigEndian.Uint32(head[:])
	if length > maxPart {
		return 0, fmt.Errorf("a part of %d octets was announced; it may have at most %d", length, maxPart)
	}
	if length > 0 {
		return length, nil
	}
	var trailer [trailerSize]byte
	if err := r.fill(trailer[:]); err != nil {
		return 0, err
	}
	if sent := binary.BigEndian.Uint64(trailer[:]); sent != r.total {
		return 0, fmt.Errorf("%d octets arrived, but %d were sent", r.total, sent)
	}
	if binary.BigEndian.Uint32(trailer[8:]) != r.sum {
		return 0, errors.New("the octets that arrived are not those that were sent: their CRC-32 differs")
	}
	return 0, io.EOF
}

func (r *receiver) fill(p []byte) error {
	if _, err := io.ReadFull(r.in, p); err == io.EOF || err == io.ErrUnexpectedEOF {
		return errCutShort
	} else if err != nil {
		return err
	}
	return nil
}
