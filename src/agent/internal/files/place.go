package files

import (
	"errors"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/fault"
)

// place is where a file is or is to be: a name in an open directory.
type place struct {
	directory int
	name      string
}

// maxLinks is how many links the system follows in one path.
const maxLinks = 40

// locate opens the directory that a file is in or is to be in, following links at the end of the path, and gives what is
// there: nil if nothing is. Directories that are missing are made.
func locate(path string) (p place, there *unix.Stat_t, err error) {
	p.directory = unix.AT_FDCWD
	for range maxLinks {
		directory, name := split(path)
		if noName(name) {
			p.close()
			return place{}, nil, unix.EISDIR
		}
		opened, err := openDirectory(p.directory, directory)
		p.close()
		if err != nil {
			return place{}, nil, err
		}
		p = place{opened, name}
		var stat unix.Stat_t
		err = unix.Fstatat(p.directory, name, &stat, unix.AT_SYMLINK_NOFOLLOW)
		switch {
		case errors.Is(err, unix.ENOENT):
			return p, nil, nil
		case err == nil && stat.Mode&unix.S_IFMT != unix.S_IFLNK:
			return p, &stat, nil
		case err == nil:
			path, err = readLink(p.directory, name)
		}
		if err != nil {
			p.close()
			return place{}, nil, err
		}
	}
	p.close()
	return place{}, nil, unix.ELOOP
}

func (p place) close() {
	if p.directory != unix.AT_FDCWD {
		_ = unix.Close(p.directory)
	}
}

func openDirectory(at int, path string) (int, error) {
	const flags = unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC
	opened, err := unix.Openat(at, path, flags, 0)
	if !errors.Is(err, unix.ENOENT) {
		return opened, err
	}
	if err := makeAll(at, path); err != nil {
		return -1, err
	}
	return unix.Openat(at, path, flags, 0)
}

// makeAll makes a directory and those that it is in, as far as they are missing.
func makeAll(at int, path string) error {
	err := unix.Mkdirat(at, path, 0o777)
	if errors.Is(err, unix.ENOENT) {
		parent, name := split(withoutSlash(path))
		if parent == path || name == path {
			return err
		}
		if err := makeAll(at, parent); err != nil {
			return err
		}
		err = unix.Mkdirat(at, path, 0o777)
	}
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}

// mayReplace refuses to replace what is no regular file, and what its permissions protect.
func (p place) mayReplace(path string, there *unix.Stat_t) error {
	if err := refuseType("write", path, there.Mode); err != nil {
		return err
	}
	if err := unix.Faccessat(p.directory, p.name, unix.W_OK, unix.AT_EACCESS); err != nil {
		return Refuse("write", path, err)
	}
	return nil
}

// refuseTemporary says what to do where a file can be written, but not replaced.
func refuseTemporary(path string, there *unix.Stat_t, err error) error {
	refused := fault.Of(Refuse("write", path, err))
	if there == nil {
		return refused
	}
	refused.Message += " (the file cannot be replaced; PATCH writes into it)"
	return refused.With("inPlace", true)
}
