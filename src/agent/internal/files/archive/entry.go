package archive

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// unpacker makes what the entries of an archive say.
type unpacker struct {
	root    *os.Root
	archive *tar.Reader
	owners  bool
	// ownRoot: the root has been made for the archive.
	ownRoot bool
	buffer  []byte
	parent  parent
	// open are the directories that entries are being unpacked into, outermost first: what is unpacked changes their times,
	// and their permissions may forbid it.
	open []*tar.Header
}

func (u *unpacker) entry(header *tar.Header) error {
	name, err := inside(header.Name)
	if err != nil {
		return err
	}
	if header.Uid < 0 || header.Gid < 0 || int64(header.Uid) >= 1<<32-1 || int64(header.Gid) >= 1<<32-1 {
		return errors.New("nobody has the owner's number")
	}
	if err := u.leave(name); err != nil {
		return err
	}
	if header.Typeflag == tar.TypeReg || header.Typeflag == tar.TypeGNUSparse {
		return u.file(name, header)
	}
	u.parent.forget()
	switch header.Typeflag {
	case tar.TypeDir:
		return u.directory(name, header)
	case tar.TypeSymlink:
		return u.link(name, header)
	case tar.TypeFifo:
		return u.fifo(name, header)
	case tar.TypeLink:
		target, err := inside(header.Linkname)
		if err != nil {
			return err
		}
		return u.make(name, func() error { return u.root.Link(target, name) })
	case tar.TypeXGlobalHeader:
		return nil
	}
	return unix.EOPNOTSUPP
}

// inside gives the name of an entry within the directory.
func inside(name string) (string, error) {
	switch {
	case name == "" || strings.HasPrefix(name, "/"):
		return "", errors.New("the name is not a relative path")
	case strings.Contains("/"+name+"/", "/../"):
		return "", errors.New("the name contains ..")
	case strings.IndexByte(name, 0) >= 0:
		return "", errors.New("the name contains a NUL")
	}
	return path.Clean(name), nil
}

// make makes something, and before whatever it needs: directories, and that nothing is in its place.
func (u *unpacker) make(name string, make func() error) error {
	err := make()
	if errors.Is(err, os.ErrNotExist) {
		// The open directory may be the one that is missing.
		u.parent.forget()
		if err := u.root.MkdirAll(path.Dir(name), 0o777); err != nil {
			return err
		}
		err = make()
	}
	if errors.Is(err, os.ErrExist) {
		info, err := u.root.Lstat(name)
		if err != nil {
			return err
		}
		if info.IsDir() {
			return unix.EISDIR
		}
		if err := u.root.Remove(name); err != nil {
			return err
		}
		return make()
	}
	return err
}

func (u *unpacker) directory(name string, header *tar.Header) error {
	if name == "." {
		if u.ownRoot {
			u.open = append(u.open, header)
		}
		return nil
	}
	err := u.root.Mkdir(name, 0o700)
	if errors.Is(err, os.ErrNotExist) {
		if err := u.root.MkdirAll(path.Dir(name), 0o777); err != nil {
			return err
		}
		err = u.root.Mkdir(name, 0o700)
	}
	if errors.Is(err, os.ErrExist) {
		if info, err := u.root.Stat(name); err != nil {
			return err
		} else if !info.IsDir() {
			return unix.ENOTDIR
		}
		err = nil
	}
	u.open = append(u.open, header)
	return err
}

// leave gives the directories that a name is not in the permissions and times that they are to have.
func (u *unpacker) leave(name string) error {
	for len(u.open) > 0 {
		last := u.open[len(u.open)-1]
		directory := path.Clean(last.Name)
		if name != "" && (directory == "." || strings.HasPrefix(name, directory+"/")) {
			return nil
		}
		u.open = u.open[:len(u.open)-1]
		opened, err := u.root.OpenFile(directory, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		err = errors.Join(u.finish(int(opened.Fd()), last), opened.Close())
		if err == nil {
			err = u.root.Chtimes(directory, time.Time{}, last.ModTime)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// finish gives an open file its owner, permissions and attributes, as far as it has others; in this order, since each takes
// something away.
func (u *unpacker) finish(file int, header *tar.Header) error {
	var stat unix.Stat_t
	if err := unix.Fstat(file, &stat); err != nil {
		return err
	}
	chown := u.owners && (stat.Uid != uint32(header.Uid) || stat.Gid != uint32(header.Gid))
	if chown {
		if err := unix.Fchown(file, header.Uid, header.Gid); err != nil {
			return err
		}
	}
	if mode := uint32(header.Mode & 0o7777); chown || stat.Mode&0o7777 != mode {
		if err := unix.Fchmod(file, mode); err != nil {
			return err
		}
	}
	setAttributes(file, header.PAXRecords)
	return nil
}

func (u *unpacker) file(name string, header *tar.Header) error {
	// Nobody may look at it before it belongs to its owner.
	mode := uint32(0o600)
	if !u.owners {
		mode = uint32(header.Mode & 0o777)
	}
	var file, directory int
	var base string
	err := u.make(name, func() (err error) {
		if directory, base, err = u.parent.of(name); err == nil {
			file, err = unix.Openat(directory, base, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, mode)
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(descriptor(file), onlyReader{u.archive}, u.buffer)
	if err == nil {
		err = u.finish(file, header)
	}
	if err = errors.Join(err, descriptor(file).close()); err != nil {
		_ = unix.Unlinkat(directory, base, 0)
		return err
	}
	return setModified(directory, base, header.ModTime)
}

// onlyReader hides what else a reader can do, which would not use the buffer.
type onlyReader struct{ io.Reader }

// link makes a symbolic link.
func (u *unpacker) link(name string, header *tar.Header) error {
	if err := u.make(name, func() error { return u.root.Symlink(header.Linkname, name) }); err != nil {
		return err
	}
	if u.owners {
		if err := u.root.Lchown(name, header.Uid, header.Gid); err != nil {
			return err
		}
	}
	return u.at(name, func(directory int, base string) error { return setModified(directory, base, header.ModTime) })
}

func (u *unpacker) fifo(name string, header *tar.Header) error {
	err := u.make(name, func() error {
		return u.at(name, func(directory int, base string) error {
			return unix.Mknodat(directory, base, unix.S_IFIFO|0o600, 0)
		})
	})
	if err != nil {
		return err
	}
	return u.at(name, func(directory int, base string) error {
		if err := u.finishFIFO(directory, base, header); err != nil {
			return err
		}
		return setModified(directory, base, header.ModTime)
	})
}

// finishFIFO gives a FIFO its owner and permissions, unless a program has put something else in its place meanwhile.
func (u *unpacker) finishFIFO(directory int, base string, header *tar.Header) error {
	file, err := unix.Openat(directory, base, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(file)
	var stat unix.Stat_t
	if err := unix.Fstat(file, &stat); err != nil {
		return err
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFIFO {
		return unix.ESTALE
	}
	return u.finish(file, header)
}

// setModified gives a file, or a link itself, its time, unless no file can have that.
func setModified(directory int, base string, at time.Time) error {
	modified, err := unix.TimeToTimespec(at)
	if err != nil {
		return nil
	}
	return unix.UtimesNanoAt(directory, base, []unix.Timespec{{Nsec: unix.UTIME_OMIT}, modified}, unix.AT_SYMLINK_NOFOLLOW)
}

// at does something with a name in the open directory that it is in.
func (u *unpacker) at(name string, do func(directory int, base string) error) error {
	directory, base, err := u.parent.of(name)
	if err != nil {
		return err
	}
	return do(directory, base)
}
