package spool

import (
	"errors"
	"os"
	"syscall"
)

// A ring stores bytes at the offsets of the stream. The spool asks only for bytes among the newest that fit.
type ring interface {
	write(p []byte, offset int64) error
	read(p []byte, offset int64) (int, error)
	release()
}

// buffer is the ring of a young spool: all of its bytes, from offset 0.
type buffer struct{ bytes []byte }

func (b *buffer) write(p []byte, _ int64) error {
	b.bytes = append(b.bytes, p...)
	return nil
}

func (b *buffer) read(p []byte, offset int64) (int, error) {
	return copy(p, b.bytes[offset:]), nil
}

func (b *buffer) release() {}

// memory is a ring of fixed size.
type memory struct{ bytes []byte }

func (m *memory) write(p []byte, offset int64) error {
	for len(p) > 0 {
		n := copy(m.bytes[offset%int64(len(m.bytes)):], p)
		p, offset = p[n:], offset+int64(n)
	}
	return nil
}

func (m *memory) read(p []byte, offset int64) (int, error) {
	n := copy(p, m.bytes[offset%int64(len(m.bytes)):])
	return n + copy(p[n:], m.bytes), nil
}

func (m *memory) release() {}

// file is a ring in a file of its own.
type file struct {
	*os.File
	size int64
}

var errNoPath = errors.New("the spool has no file")

// openFile makes the file, which must not exist: whoever owns the directory cannot lead the agent elsewhere by a link.
func openFile(path string, size int64) (*file, error) {
	if path == "" {
		return nil, errNoPath
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	return &file{f, size}, nil
}

func (f *file) write(p []byte, offset int64) error {
	for len(p) > 0 {
		at := offset % f.size
		n := min(int64(len(p)), f.size-at)
		if _, err := f.WriteAt(p[:n], at); err != nil {
			return err
		}
		p, offset = p[n:], offset+n
	}
	return nil
}

func (f *file) read(p []byte, offset int64) (int, error) {
	at := offset % f.size
	n := min(int64(len(p)), f.size-at)
	if _, err := f.ReadAt(p[:n], at); err != nil {
		return 0, err
	}
	if n == int64(len(p)) {
		return len(p), nil
	}
	m, err := f.ReadAt(p[n:], 0)
	return int(n) + m, err
}

func (f *file) release() {
	_ = os.Remove(f.Name())
	_ = f.Close()
}
