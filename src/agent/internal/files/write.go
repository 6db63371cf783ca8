package files

import (
	"crypto/rand"
	"encoding/hex"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// WriteOptions say how a file is written.
type WriteOptions struct {
	// Mode is what the file's permissions become. By default they stay, and are 0666 less the umask for a new file.
	Mode *uint32
	// Sync has the file on disk before the answer.
	Sync bool
	// Size is how long the body will be, -1 if that is unknown.
	Size int64
}

// Write makes the body the contents of a file, all at once: nobody sees a part of it, and a body that breaks off changes
// nothing but that directories that were missing have been made. A link is followed: its target is replaced, even where there is none yet.
// The owner and the permissions of an existing file stay. Like every replacement it makes a new inode: other hard links
// keep the old contents.
func Write(path string, body io.Reader, options WriteOptions) error {
	target, there, err := locate(path)
	if err != nil {
		return Refuse("write", path, err)
	}
	defer target.close()
	if there != nil {
		if err := target.mayReplace(path, there); err != nil {
			return err
		}
	}
	t, err := newTemporary(target.directory, there, options.Mode)
	if err != nil {
		return refuseTemporary(path, there, err)
	}
	defer t.discard()
	if err := t.take(body, options.Size); err != nil {
		return Refuse("write", path, err)
	}
	if err := t.become(there, options); err != nil {
		return refuseTemporary(path, there, err)
	}
	if err := t.rename(target.name); err != nil {
		return refuseTemporary(path, there, err)
	}
	return nil
}

const (
	temporaryPrefix = ".sandkeep-"
	// What a temporary file is going to do is in its name, so that watches report the writing of a file and not how.
	creating = temporaryPrefix + "create-"
	changing = temporaryPrefix + "modify-"
)

// Temporary reports whether a name is one that Write gives to its temporary files, and whether the file is to be new.
func Temporary(name string) (is, creates bool) {
	return strings.HasPrefix(name, creating) || strings.HasPrefix(name, changing), strings.HasPrefix(name, creating)
}

// temporary is a file that is being written, to be renamed when it is whole.
type temporary struct {
	directory int
	name      string
	file      *os.File
}

func newTemporary(directory int, there *unix.Stat_t, mode *uint32) (*temporary, error) {
	prefix := creating
	if there != nil {
		prefix = changing
	}
	// Nobody may read what replaces a file that they may not read.
	permissions := uint32(0o600)
	if there == nil && mode == nil {
		permissions = 0o666
	}
	var random [8]byte
	_, _ = rand.Read(random[:])
	name := prefix + hex.EncodeToString(random[:])
	file, err := unix.Openat(directory, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, permissions)
	if err != nil {
		return nil, err
	}
	return &temporary{directory, name, os.NewFile(uintptr(file), name)}, nil
}

func (t *temporary) take(body io.Reader, size int64) error {
	buffer := newBuffer(size)
	defer buffer.release()
	return copyAll(t.file, body, buffer)
}

func copyAll(file io.Writer, body io.Reader, buffer buffer) error {
	for {
		n, over, err := buffer.fill(body)
		if err != nil {
			return err
		}
		if err := writeInPieces(file, buffer.bytes[:n]); err != nil {
			return err
		}
		if over {
			return nil
		}
	}
}

// pieceSize is how much is written at once: with longer writes a file in the page cache took three times as long, perhaps
// because Linux keeps memory at hand for each processor in pieces of up to eight pages.
const pieceSize = 32 << 10

func writeInPieces(file io.Writer, octets []byte) error {
	for len(octets) > 0 {
		n, err := file.Write(octets[:min(len(octets), pieceSize)])
		if err != nil {
			return err
		}
		octets = octets[n:]
	}
	return nil
}

// become gives the file the owner and the permissions that it will have.
func (t *temporary) become(there *unix.Stat_t, options WriteOptions) error {
	file := int(t.file.Fd())
	if there != nil && (int(there.Uid) != os.Geteuid() || int(there.Gid) != os.Getegid()) {
		if err := unix.Fchown(file, int(there.Uid), int(there.Gid)); err != nil {
			return err
		}
	}
	mode := options.Mode
	if mode == nil && there != nil {
		kept := there.Mode & 0o7777
		mode = &kept
	}
	if mode != nil {
		if err := unix.Fchmod(file, *mode); err != nil {
			return err
		}
	}
	if options.Sync {
		return t.file.Sync()
	}
	return nil
}

func (t *temporary) rename(name string) error {
	if err := t.file.Close(); err != nil {
		return err
	}
	if err := unix.Renameat(t.directory, t.name, t.directory, name); err != nil {
		return err
	}
	t.name = ""
	return nil
}

// discard removes the file unless it has been renamed.
func (t *temporary) discard() {
	if t.name == "" {
		return
	}
	_ = t.file.Close()
	_ = unix.Unlinkat(t.directory, t.name, 0)
}
