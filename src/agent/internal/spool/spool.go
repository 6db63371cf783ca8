// Package spool keeps what a process writes, for readers that come now, later, several times or never.
//
// A spool is the newest part of a stream of bytes, addressed by offset. It begins in memory, moves to a file once it is
// larger than 16 KiB, and keeps at most its limit (default 64 MiB) as a ring:
//
//	     start                    end
//	┄┄┄┄┄┄┄├───────────────────────┤
//	 gone      kept, ≤ limit        not written yet
//
// With no reader attached the oldest bytes go when it is full. Attached readers hold the writer back instead; the ones
// that make no progress for the patience (default 60 s) are passed over until they read again.
//
// Errors: a writer never sees one. If the file cannot be made or written (no space, read-only, no such directory), the
// spool goes on in memory with a limit of 64 KiB. A reader that was overtaken gets ErrOvertaken, one whose file was
// damaged from outside the error of reading it.
package spool

import (
	"errors"
	"sync"
	"time"
)

// ErrOvertaken says that bytes which a reader had not read yet are gone; a new reader sees where the spool starts now.
var ErrOvertaken = errors.New("the oldest output is gone: it was read too slowly")

const (
	// DefaultLimit is how many bytes a spool keeps.
	DefaultLimit = 64 << 20
	// DefaultPatience is how long a full spool waits for an attached reader that makes no progress.
	DefaultPatience = 60 * time.Second
	// inMemory is how many bytes a spool keeps before it makes a file, and fallback how many without one.
	inMemory = 16 << 10
	fallback = 64 << 10
)

// Options say where a spool keeps its bytes, and how many.
type Options struct {
	// Path of the file that is made when the bytes do not fit in memory; empty for memory alone.
	Path string
	// Limit in bytes; DefaultLimit if 0.
	Limit int64
	// Patience with attached readers; DefaultPatience if 0.
	Patience time.Duration
}

// Spool is a stream of bytes with one writer and any number of readers, at once or later.
type Spool struct {
	options Options

	mu         sync.Mutex
	ring       ring
	limit      int64
	start, end int64
	// delivered is the offset up to which some reader has read.
	delivered       int64
	closed, settled bool
	// ended: some reader has been told that nothing follows.
	ended   bool
	readers map[*Reader]struct{}
	// changed is closed when there is more to read or nothing will come; freed when a reader has progressed or left.
	changed, freed chan struct{}
}

// New makes an empty spool.
func New(options Options) *Spool {
	if options.Limit == 0 {
		options.Limit = DefaultLimit
	}
	if options.Patience == 0 {
		options.Patience = DefaultPatience
	}
	return &Spool{options: options, limit: options.Limit, ring: &buffer{}}
}

// State is what a spool has at one moment.
type State struct {
	// Start is the offset of the oldest byte there is, End the one after the newest.
	Start, End int64
	// Delivered is the offset up to which some reader has read.
	Delivered int64
	// Closed: no more will come.
	Closed bool
	// Ended: some reader has been told that nothing follows.
	Ended bool
}

// State tells what the spool has.
func (s *Spool) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return State{s.start, s.end, s.delivered, s.closed, s.ended}
}

// Size is how many octets the spool takes in memory and on disk.
func (s *Spool) Size() (inMemory, onDisk int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, filed := s.ring.(*file); filed {
		return 0, s.end - s.start
	}
	return s.end - s.start, 0
}

// Write appends p. It blocks while attached readers hold it back, drops what comes after Close, and never fails.
func (s *Spool) Write(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(p) > 0 && !s.closed {
		s.outgrow(int64(len(p)))
		n := min(int64(len(p)), s.room())
		if n <= 0 {
			s.waitForReaders()
			continue
		}
		if err := s.ring.write(p[:n], s.end); err != nil {
			s.fallBack()
			continue
		}
		p = p[n:]
		s.end += n
		s.start = max(s.start, s.end-s.limit)
		s.announce()
	}
}

// Settle says that what comes from now on comes from processes left behind: readers that have caught up end.
func (s *Spool) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled = true
	s.announce()
}

// Close ends the stream.
func (s *Spool) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.announce()
}

// Discard closes the spool and gives up its bytes. Readers that have not read them all get ErrOvertaken.
func (s *Spool) Discard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.start = s.end
	s.ring.release()
	s.ring = &buffer{}
	s.announce()
	s.free()
}

// Changed gives a channel that is closed at the next change that a reader may be interested in. Get it before reading.
func (s *Spool) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

// Freed gives a channel that is closed when a reader next reads, comes to the end or leaves. Get it before looking at the state.
func (s *Spool) Freed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nextFreed()
}

func (s *Spool) nextFreed() <-chan struct{} {
	if s.freed == nil {
		s.freed = make(chan struct{})
	}
	return s.freed
}

func (s *Spool) announce() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

func (s *Spool) free() {
	if s.freed != nil {
		close(s.freed)
		s.freed = nil
	}
}

// room is how many bytes may come without taking any from a reader that holds the writer back.
func (s *Spool) room() int64 {
	room := s.limit
	for r := range s.readers {
		if !r.passedOver {
			room = min(room, r.offset+s.limit-s.end)
		}
	}
	return room
}

// waitForReaders returns when a reader has progressed or left, or when patience is over.
func (s *Spool) waitForReaders() {
	freed := s.nextFreed()
	s.mu.Unlock()
	patience := time.NewTimer(s.options.Patience)
	var over bool
	select {
	case <-freed:
	case <-patience.C:
		over = true
	}
	patience.Stop()
	s.mu.Lock()
	if over {
		s.passOver()
	}
}

func (s *Spool) passOver() {
	for r := range s.readers {
		if r.offset+s.limit <= s.end {
			r.passedOver = true
		}
	}
}

// outgrow leaves the first buffer when n bytes more are too many for it.
func (s *Spool) outgrow(n int64) {
	if _, young := s.ring.(*buffer); !young || s.end+n <= inMemory {
		return
	}
	kept := make([]byte, s.end-s.start)
	_, _ = s.ring.read(kept, s.start)
	if file, err := openFile(s.options.Path, s.limit); err == nil {
		if file.write(kept, s.start) == nil {
			s.ring = file
			return
		}
		file.release()
	}
	s.keepInMemory(kept)
}

// fallBack goes on in memory with the newest bytes of a file that can no longer be written.
func (s *Spool) fallBack() {
	kept := make([]byte, min(s.end-s.start, fallback))
	if _, err := s.ring.read(kept, s.end-int64(len(kept))); err != nil {
		kept = nil
	}
	s.ring.release()
	s.keepInMemory(kept)
}

func (s *Spool) keepInMemory(kept []byte) {
	s.limit = min(s.limit, fallback)
	kept = kept[max(0, int64(len(kept))-s.limit):]
	s.start = s.end - int64(len(kept))
	s.ring = &memory{bytes: make([]byte, s.limit)}
	_ = s.ring.write(kept, s.start)
}
