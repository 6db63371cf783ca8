package files

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/fault"
)

// PatchOptions say where a body goes in a file, and what becomes of the file before.
type PatchOptions struct {
	// Offset is where the body begins; the file is as long as it has to be, with zeros in a gap.
	Offset *int64
	// Append puts the body at the end, wherever that is then.
	Append bool
	// Truncate is how long the file becomes before the body is written.
	Truncate *int64
	// Create makes the file, empty, if it is missing; Exclusive refuses if it is not.
	Create, Exclusive bool
	// Mode is the permissions of a file that is made, 0666 less the umask by default.
	Mode *uint32
	// Size is how long the body will be, -1 if that is unknown.
	Size int64
}

// Patched says what Patch did.
type Patched struct {
	// Offset is where the body begins.
	Offset int64 `json:"offset"`
	// Size of the file behind it.
	Size int64 `json:"size"`
}

// Patch writes into a file in place; links are followed. What has been written when a body breaks off stays.
func Patch(path string, body io.Reader, options PatchOptions) (Patched, error) {
	if err := options.check(); err != nil {
		return Patched{}, err
	}
	buffer := newBuffer(options.Size)
	defer buffer.release()
	n, over, err := buffer.fill(body)
	if err != nil {
		return Patched{}, err
	}
	if n > 0 && options.Offset == nil && !options.Append {
		return Patched{}, invalid("There is a body, but neither offset nor append says where it goes")
	}
	file, err := openToPatch(path, options)
	if err != nil {
		return Patched{}, Refuse("write to", path, err)
	}
	defer file.Close()
	patched, err := options.apply(file, buffer, n, over, body)
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return Patched{}, Refuse("write to", path, err)
	}
	return patched, nil
}

func (o PatchOptions) check() error {
	switch {
	case o.Offset == nil && !o.Append && o.Truncate == nil:
		return invalid("Nothing to do: give offset, append or truncate")
	case o.Offset != nil && o.Append:
		return invalid("The parameters offset and append exclude each other")
	case o.Exclusive && !o.Create:
		return invalid("The parameter exclusive needs create")
	}
	return nil
}

func invalid(message string) error {
	return fault.New(fault.InvalidArgument, fault.Request, "%s", message)
}

func openToPatch(path string, options PatchOptions) (*os.File, error) {
	flags := os.O_WRONLY | unix.O_NONBLOCK | unix.O_NOCTTY
	if options.Append {
		flags |= os.O_APPEND
	}
	var stat unix.Stat_t
	err := unix.Stat(path, &stat)
	if err == nil && !options.Exclusive {
		if err := refuseType("write to", path, stat.Mode); err != nil {
			return nil, err
		}
		return os.OpenFile(path, flags, 0)
	}
	if !options.Create || err != nil && !errors.Is(err, unix.ENOENT) {
		return nil, err
	}
	flags |= os.O_CREATE
	if options.Exclusive {
		flags |= os.O_EXCL
	}
	file, err := os.OpenFile(path, flags, 0o666)
	if err == nil && options.Mode != nil {
		err = unix.Fchmod(int(file.Fd()), *options.Mode)
	}
	return file, err
}

// apply writes what the buffer has and then the rest of the body.
func (o PatchOptions) apply(file *os.File, buffer buffer, n int, over bool, body io.Reader) (p Patched, err error) {
	if o.Truncate != nil {
		if err := file.Truncate(*o.Truncate); err != nil {
			return p, err
		}
	}
	if o.Offset != nil {
		p.Offset = *o.Offset
		if _, err := file.Seek(p.Offset, io.SeekStart); errors.Is(err, unix.EINVAL) {
			return p, unix.EFBIG
		} else if err != nil {
			return p, err
		}
	}
	if _, err := file.Write(buffer.bytes[:n]); err != nil {
		return p, err
	}
	if o.Append {
		// A write has moved to the end already; others may write there since.
		whence := io.SeekCurrent
		if n == 0 {
			whence = io.SeekEnd
		}
		end, err := file.Seek(0, whence)
		if err != nil {
			return p, err
		}
		p.Offset = end - int64(n)
	}
	if !over {
		if err := copyAll(file, body, buffer); err != nil {
			return p, err
		}
	}
	info, err := file.Stat()
	if err != nil {
		return p, err
	}
	p.Size = info.Size()
	return p, nil
}
