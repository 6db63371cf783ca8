package files

import (
	"context"
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/fault"
)

// Contents are what was asked for of a file that is open for reading.
type Contents struct {
	// Size of the whole file, -1 if it is unknown.
	Size int64
	// Start is the offset of the first octet, Length how many there are, -1 if that is unknown.
	Start, Length int64
	// Partial says that they are the range that was asked for.
	Partial bool
	// Version is a quoted text that changes with the file.
	Version string

	path   string
	file   *os.File
	begun  []byte
	rest   bool
	buffer buffer
	stop   func() bool
}

// Open opens a regular file and reads its beginning; links are followed. Files of which the system does not know the size,
// as those in /proc, are read to their end; where they have more than 64 KiB, Size and Length are unknown and no range of
// them can be had. When ctx ends, so does a read that waits. Errors: Unsatisfiable for a range that the file does not
// have; is_a_directory; not_supported for what has no contents, such as FIFOs and devices, which are not opened. With a
// version the range is that of this version, and everything of another.
func Open(ctx context.Context, path string, r *Range, version string) (*Contents, error) {
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return nil, Refuse("read", path, err)
	}
	if err := refuseType("read", path, stat.Mode); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, Refuse("read", path, err)
	}
	c := &Contents{path: path, file: file, Size: stat.Size, Version: versionOf(&stat), buffer: newBuffer(stat.Size)}
	if version != "" && version != c.Version {
		r = nil
	}
	c.Partial = r != nil
	c.stop = context.AfterFunc(ctx, func() { _ = file.SetReadDeadline(time.Unix(0, 0)) })
	if err := c.begin(r); err != nil {
		c.Close()
		return nil, Refuse("read", path, err)
	}
	return c, nil
}

// versionOf is taken before the contents are read: a file that changes in between has another version by then.
func versionOf(stat *unix.Stat_t) string {
	text := []byte{'"'}
	for _, number := range []int64{int64(stat.Ino), stat.Size, stat.Mtim.Nano(), stat.Ctim.Nano()} {
		text = append(strconv.AppendInt(text, number, 36), '.')
	}
	text[len(text)-1] = '"'
	return string(text)
}

// Unsatisfiable is the refusal of a range that a file of the given size does not have.
type Unsatisfiable struct {
	*fault.Fault
	Size int64
}

// Unwrap gives the refusal.
func (e *Unsatisfiable) Unwrap() error { return e.Fault }

func (c *Contents) unsatisfiable() error {
	why := "the range begins at or after the end of its contents"
	return &Unsatisfiable{refusal(fault.InvalidArgument, "read", c.path, why).With("size", c.Size), c.Size}
}

func (c *Contents) begin(r *Range) error {
	if c.Size < smallBuffer {
		return c.beginSmall(r)
	}
	start, length, ok := r.of(c.Size)
	if !ok {
		return c.unsatisfiable()
	}
	c.Start, c.Length = start, length
	if start > 0 {
		if _, err := c.file.Seek(start, io.SeekStart); err != nil {
			return err
		}
	}
	c.begun, c.rest = c.buffer.bytes[:min(length, int64(len(c.buffer.bytes)))], true
	if _, err := io.ReadFull(c.file, c.begun); err == io.EOF || err == io.ErrUnexpectedEOF {
		return refusal(fault.Conflict, "read", c.path, "it became shorter meanwhile")
	} else if err != nil {
		return err
	}
	return nil
}

// beginSmall reads the whole file first, since what the system says of its size may be wrong.
func (c *Contents) beginSmall(r *Range) error {
	n, over, err := c.fillSmall()
	if err != nil {
		return err
	}
	if !over {
		if r != nil {
			return refusal(fault.NotSupported, "read a range of", c.path, "its size is unknown")
		}
		c.Size, c.Length, c.begun, c.rest = -1, -1, c.buffer.bytes, true
		return nil
	}
	c.Size = int64(n)
	start, length, ok := r.of(c.Size)
	if !ok {
		return c.unsatisfiable()
	}
	c.Start, c.Length, c.begun = start, length, c.buffer.bytes[start:start+length]
	return nil
}

// fillSmall reads until the buffer is full or the file ends: where the system says that it does, or where there is no more.
func (c *Contents) fillSmall() (n int, over bool, err error) {
	for n < len(c.buffer.bytes) {
		some, err := c.file.Read(c.buffer.bytes[n:])
		n += some
		if err == io.EOF || err == nil && int64(n) == c.Size {
			return n, true, nil
		} else if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

// WriteTo writes the contents. It fails if the file has become shorter than Length.
func (c *Contents) WriteTo(w io.Writer) (written int64, err error) {
	for {
		n, err := w.Write(c.begun)
		written += int64(n)
		if err != nil || !c.rest || written == c.Length {
			return written, err
		}
		next := c.buffer.bytes
		if c.Length >= 0 {
			next = next[:min(int64(len(next)), c.Length-written)]
		}
		n, err = c.file.Read(next)
		c.begun = next[:n]
		switch {
		case err == io.EOF && c.Length < 0:
			return written, nil
		case err == io.EOF:
			return written, io.ErrUnexpectedEOF
		case err != nil:
			return written, err
		}
	}
}

// Close closes the file.
func (c *Contents) Close() {
	c.stop()
	_ = c.file.Close()
	c.buffer.release()
}
