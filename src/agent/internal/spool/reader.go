package spool

import (
	"context"
	"io"
)

// Reader reads a spool from an offset on. While it is attached it holds the writer of a full spool back. It is for one
// goroutine.
type Reader struct {
	spool      *Spool
	offset     int64
	passedOver bool
}

// Attach adds a reader at an offset, or where the spool starts if that is later. An offset beyond the end is waited for.
func (s *Spool) Attach(offset int64) *Reader {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &Reader{spool: s, offset: max(offset, s.start)}
	if s.readers == nil {
		s.readers = map[*Reader]struct{}{}
	}
	s.readers[r] = struct{}{}
	return r
}

// Detach lets the writer go on without this reader.
func (r *Reader) Detach() {
	s := r.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	if delete(s.readers, r); len(s.readers) == 0 {
		s.readers = nil
	}
	s.free()
}

// Offset is where the next byte read comes from.
func (r *Reader) Offset() int64 { return r.offset }

// TryRead reads what there is; 0 bytes without error means that more may come. It ends with io.EOF when the stream is
// closed, or settled and read to its end.
func (r *Reader) TryRead(p []byte) (int, error) {
	s := r.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.offset < s.start {
		return 0, ErrOvertaken
	}
	n := min(int64(len(p)), s.end-r.offset)
	if n <= 0 {
		if s.closed || s.settled {
			s.ended = true
			s.free()
			return 0, io.EOF
		}
		return 0, nil
	}
	if _, err := s.ring.read(p[:n], r.offset); err != nil {
		return 0, err
	}
	r.offset += n
	r.passedOver = false
	s.delivered = max(s.delivered, r.offset)
	s.free()
	return int(n), nil
}

// Read reads what there is, or waits for more. Its errors are those of TryRead, and the context's.
func (r *Reader) Read(ctx context.Context, p []byte) (int, error) {
	for {
		changed := r.spool.Changed()
		if n, err := r.TryRead(p); n > 0 || err != nil {
			return n, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
