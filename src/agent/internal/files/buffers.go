package files

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"sandkeep.dev/agent/internal/fault"
)

const (
	// smallBuffer holds most files whole.
	smallBuffer = 64 << 10
	// largeBuffer makes long bodies fast; only largeBuffers may be in use at once, so that many requests cannot take the
	// sandbox's memory.
	largeBuffer  = 256 << 10
	largeBuffers = 16
)

var (
	small = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
	large = sync.Pool{New: func() any { return new([largeBuffer]byte) }}

	largeInUse atomic.Int32
)

// buffer is memory to move a body through.
type buffer struct {
	bytes []byte
	back  func()
}

// newBuffer gives a buffer for a body of so many octets, -1 if that is unknown.
func newBuffer(octets int64) buffer {
	if octets < 0 || octets >= smallBuffer {
		if b, free := newLargeBuffer(); free {
			return b
		}
	}
	b := small.Get().(*[smallBuffer]byte)
	return buffer{b[:], func() { small.Put(b) }}
}

func newLargeBuffer() (b buffer, free bool) {
	if largeInUse.Add(1) > largeBuffers {
		largeInUse.Add(-1)
		return buffer{}, false
	}
	l := large.Get().(*[largeBuffer]byte)
	return buffer{l[:], func() { large.Put(l); largeInUse.Add(-1) }}, true
}

func (b buffer) release() { b.back() }

// fill reads until the buffer is full or the body ends, which over reports.
func (b buffer) fill(body io.Reader) (n int, over bool, err error) {
	for n < len(b.bytes) {
		some, err := body.Read(b.bytes[n:])
		n += some
		if err == io.EOF {
			return n, true, nil
		} else if refused := new(fault.Fault); errors.As(err, &refused) {
			return n, false, refused
		} else if err != nil {
			return n, false, fault.New(fault.InvalidArgument, fault.Request, "The body broke off: %v", err)
		}
	}
	return n, false, nil
}
