package files

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/fault"
)

// MakeDirectory makes a directory, with permissions mode or 0777 less the umask. With parents, what is missing of the
// path is made too, and a directory that is there already is all right.
func MakeDirectory(path string, parents bool, mode *uint32) error {
	const action = "make the directory"
	err := unix.Mkdir(path, 0o777)
	if parents && errors.Is(err, unix.ENOENT) {
		if directory, _ := split(withoutSlash(path)); directory != path {
			if err = makeAll(unix.AT_FDCWD, directory); err == nil {
				err = unix.Mkdir(path, 0o777)
			}
		}
	}
	if parents && errors.Is(err, unix.EEXIST) && isDirectory(path) {
		return nil
	}
	if err == nil && mode != nil {
		err = setMode(path, *mode)
	}
	if err != nil {
		return Refuse(action, path, err)
	}
	return nil
}

// setMode changes a directory that has just been made, and nothing that it may have been replaced by.
func setMode(path string, mode uint32) error {
	directory, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(directory)
	return unix.Fchmod(directory, mode)
}

func isDirectory(path string) bool {
	var stat unix.Stat_t
	return unix.Stat(path, &stat) == nil && stat.Mode&unix.S_IFMT == unix.S_IFDIR
}

// Remove removes a file, a link (never what it points to) or an empty directory; recursive also a directory with all that
// is in it, through links never more. Of a directory that cannot be removed whole, as much as possible is gone.
func Remove(path string, recursive bool) error {
	path = withoutSlash(path)
	_, name := split(path)
	if noName(name) {
		return refusal(fault.InvalidArgument, "remove", path, "its last part is no name of a file")
	}
	err := unix.Unlink(path)
	if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EPERM) && isDirectory(path) {
		// Also with recursive: a mount point, or what may not be removed, keeps what is in it.
		err = unix.Rmdir(path)
	}
	if errors.Is(err, unix.EEXIST) {
		err = unix.ENOTEMPTY
	}
	if recursive && errors.Is(err, unix.ENOTEMPTY) {
		err = os.RemoveAll(path)
	}
	if err != nil {
		return Refuse("remove", path, err)
	}
	return nil
}

// Rename moves a file, a link itself or a directory to another path of the same file system, at once. What is there is
// replaced: a file by a file, an empty directory by a directory; with exclusive nothing is.
func Rename(from, to string, exclusive bool) error {
	from, to = withoutSlash(from), withoutSlash(to)
	var flags uint
	if exclusive {
		flags = unix.RENAME_NOREPLACE
	}
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags)
	if exclusive && errors.Is(err, unix.EINVAL) {
		err = renameWhereNothingIs(from, to)
	}
	if err == nil {
		return nil
	}
	code, why := reason(err)
	if code == fault.AlreadyExists && !exclusive {
		code = fault.DirectoryNotEmpty
	}
	return fault.New(code, fault.File, "Cannot rename %.300q to %.300q: %s", from, to, why)
}

// renameWhereNothingIs is for file systems that cannot look and rename at once, such as NFS.
func renameWhereNothingIs(from, to string) error {
	var stat unix.Stat_t
	if err := unix.Lstat(to, &stat); err == nil {
		return unix.EEXIST
	} else if !errors.Is(err, unix.ENOENT) {
		return err
	}
	return unix.Rename(from, to)
}
