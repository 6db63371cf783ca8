// Package files reads, writes and describes the files of a sandbox for clients outside it, with the rights of the agent's
// user and whatever the image has: no shell, no tools, no /tmp.
//
// Paths are absolute, at most 4,095 bytes without NUL, and any bytes else: a path that is not UTF-8 is given in JSON with
// U+FFFD in place of what is not, and exactly in another field ending in Bytes. Links on the way are followed, and at the
// end of a path by what opens a file or lists a directory; stat, rename and remove are about the link itself.
//
// Contents are those of regular files. FIFOs, sockets and devices are described, renamed and removed like others, but not
// opened: that may wait, or do something. Memory is constant at any size: 64 KiB per request, or 256 KiB for sixteen
// requests at a time with longer bodies. There is no limit to size but the disk's.
//
// Every refusal is about a file and has the code of what the system says:
//
//	not_found            ENOENT, ESTALE         no such file, or the directory it is to be in
//	already_exists       EEXIST
//	is_a_directory       EISDIR                 contents of a directory; a path to write that ends in a slash or in ..
//	not_a_directory      ENOTDIR                also a file on the way
//	directory_not_empty  ENOTEMPTY
//	permission_denied    EACCES, EPERM, EROFS   the message says when the file system is read-only
//	file_too_large       EFBIG, EOVERFLOW       an offset or length that no file can have
//	no_space             ENOSPC, EDQUOT
//	invalid_argument     EINVAL, ELOOP, ENAMETOOLONG; paths and ranges of the wrong form
//	not_supported        EXDEV, EOPNOTSUPP, ENXIO, ENODEV, ESPIPE, ENOSYS; contents of what is no regular file
//	failed_precondition  EBUSY, ETXTBSY         a mount point, a running program
//	conflict                                    the file became shorter while it was read
//	unavailable          EAGAIN, ETIMEDOUT
//	resource_exhausted   EMFILE, ENFILE, ENOMEM
//	internal             all others
//
// A file that can be written but not replaced (its directory may not be written, it is a mount point such as /etc/hosts, it
// belongs to somebody else) is refused by Write with the detail inPlace: Patch can write it.
package files

import (
	"strings"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/fault"
)

// CheckPath refuses what names no file: anything but an absolute path of at most 4,095 bytes without NUL.
func CheckPath(path string) error {
	switch {
	case path == "":
		return fault.New(fault.InvalidArgument, fault.File, "No path is given: the parameter path must be an absolute one")
	case path[0] != '/':
		return refusal(fault.InvalidArgument, "use the path", path, "it is not absolute")
	case strings.IndexByte(path, 0) >= 0:
		return refusal(fault.InvalidArgument, "use the path", path, "it contains a NUL")
	case len(path) >= unix.PathMax:
		return refusal(fault.InvalidArgument, "use the path", path, "it has more than 4095 bytes")
	}
	return nil
}

// refuseType refuses everything but regular files; nothing is opened, since that alone may wait or do something.
func refuseType(action, path string, mode uint32) error {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return nil
	case unix.S_IFDIR:
		return Refuse(action, path, unix.EISDIR)
	}
	return refusal(fault.NotSupported, action, path, "it is a "+typeOf(mode)+", and only regular files have contents")
}

// split cuts a path into its directory and the last name, which is empty after a slash.
func split(path string) (directory, name string) {
	cut := strings.LastIndexByte(path, '/')
	switch cut {
	case -1:
		return ".", path
	case 0:
		return "/", path[1:]
	}
	return path[:cut], path[cut+1:]
}

// noName reports whether the last part of a path is no name that could be made, moved or removed.
func noName(name string) bool { return name == "" || name == "." || name == ".." }

// withoutSlash takes slashes off the end: what follows a link's name makes the system follow the link.
func withoutSlash(path string) string {
	if trimmed := strings.TrimRight(path, "/"); trimmed != "" {
		return trimmed
	}
	return "/"
}
