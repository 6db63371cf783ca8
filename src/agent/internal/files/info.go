package files

import (
	"fmt"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Info is what is known of a file without opening it.
type Info struct {
	Name string `json:"name"`
	Path string `json:"path"`
	// Type is file, directory, symlink, fifo, socket or device.
	Type string `json:"type"`
	// Size in octets.
	Size int64 `json:"size"`
	// Mode is st_mode: the type's bits and the permissions.
	Mode uint32 `json:"mode"`
	// Permissions are the lowest twelve bits of the mode in octal, such as 0644.
	Permissions string `json:"permissions"`
	// Owner and Group are names, or numbers where the sandbox has no name for them.
	Owner string `json:"owner"`
	Group string `json:"group"`
	// ModifiedTime is RFC 3339 with microseconds.
	ModifiedTime string `json:"modifiedTime"`
	// SymlinkTarget is where a symbolic link points, as it was written.
	SymlinkTarget *string `json:"symlinkTarget"`
	// PathBytes and SymlinkTargetBytes are there if the path or the target is not UTF-8.
	PathBytes          []byte `json:"pathBytes,omitempty"`
	SymlinkTargetBytes []byte `json:"symlinkTargetBytes,omitempty"`
}

// Stat describes a file. A symbolic link at the end of the path is described itself.
func Stat(path string) (Info, error) {
	info, err := describe(unix.AT_FDCWD, path, path, namesNow())
	if err != nil {
		return Info{}, Refuse("stat", path, err)
	}
	return info, nil
}

// describe gives what is known of the file called name in a directory; path is how it is called to clients.
func describe(directory int, name, path string, names names) (Info, error) {
	var stat unix.Stat_t
	if err := unix.Fstatat(directory, name, &stat, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return Info{}, err
	}
	_, last := split(withoutSlash(path))
	if last == "" {
		last = "/"
	}
	info := Info{
		Name: last, Path: path, PathBytes: BytesOf(path), Type: typeOf(stat.Mode), Size: stat.Size, Mode: stat.Mode,
		Permissions:  fmt.Sprintf("%04o", stat.Mode&0o7777),
		Owner:        names.users.of(stat.Uid),
		Group:        names.groups.of(stat.Gid),
		ModifiedTime: time.Unix(stat.Mtim.Unix()).UTC().Format("2006-01-02T15:04:05.000000Z"),
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFLNK {
		return info, nil
	}
	target, err := readLink(directory, name)
	if err != nil {
		return Info{}, err
	}
	info.SymlinkTarget, info.SymlinkTargetBytes = &target, BytesOf(target)
	return info, nil
}

// BytesOf gives the bytes of a path that JSON cannot carry, because it is not UTF-8; nil for others.
func BytesOf(path string) []byte {
	if utf8.ValidString(path) {
		return nil
	}
	return []byte(path)
}

func typeOf(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "file"
	case unix.S_IFDIR:
		return "directory"
	case unix.S_IFLNK:
		return "symlink"
	case unix.S_IFIFO:
		return "fifo"
	case unix.S_IFSOCK:
		return "socket"
	}
	return "device"
}

func readLink(directory int, name string) (string, error) {
	var target [unix.PathMax]byte
	n, err := unix.Readlinkat(directory, name, target[:])
	return string(target[:max(n, 0)]), err
}
