// Package archive turns trees of files into tar archives and back, with constant memory.
//
// Archives are PAX: names of any bytes, times in nanoseconds, numbers of owners, permissions, links of both kinds, FIFOs,
// devices (packed, but not unpacked: not_supported) and the extended attributes user.* and security.capability. Sockets are
// left out, and what is in file systems such as /proc. Sparse files are packed with their zeros.
//
// Names that are absolute or contain .., and links that lead out of the directory on the way to a name, are
// invalid_argument; so is what is no complete archive. Other errors are those of package files.
package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/files"
)

// Pack writes a directory and all below it as a tar archive, its names relative to the directory; of anything else, one
// entry. A link is followed at the end of path and kept as a link below. Files that vanish meanwhile are left out, those
// that grow are cut and those that shrink filled with zeros, to the size they had when they were opened.
func Pack(w io.Writer, path string) error {
	p := &packer{out: tar.NewWriter(w), links: map[inode]link{}, buffer: make([]byte, copySize)}
	if err := p.pack(path); err != nil {
		return files.Refuse("archive", path, err)
	}
	return p.out.Close()
}

const (
	copySize = 64 << 10
	// maxLinks bounds the memory for files with several names: of those beyond, every name becomes a file.
	maxLinks = 65_536
	batch    = 1024
)

type packer struct {
	out    *tar.Writer
	links  map[inode]link
	buffer []byte
}

type inode struct{ device, number uint64 }

// link is the first name of a file, and how many others are to come.
type link struct {
	name string
	left uint64
}

func (p *packer) pack(path string) error {
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return err
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		return p.packOther(path, stat)
	}
	directory, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer directory.Close()
	return p.directory(directory, "./")
}

// packOther packs what a path leads to that is no directory, under the last name of the path.
func (p *packer) packOther(path string, stat unix.Stat_t) error {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return p.other(unix.AT_FDCWD, path, name, stat)
	}
	opened, err := unix.Open(path, openFlags, 0)
	if err != nil {
		return err
	}
	return p.opened(opened, name)
}

// directory packs an open directory under a name that ends in a slash.
func (p *packer) directory(directory *os.File, name string) error {
	var stat unix.Stat_t
	if err := unix.Fstat(int(directory.Fd()), &stat); err != nil {
		return err
	}
	header := headerOf(tar.TypeDir, name, stat)
	header.PAXRecords = attributesOf(int(directory.Fd()))
	if err := p.out.WriteHeader(header); err != nil {
		return err
	}
	if files.Pseudo(int(directory.Fd())) {
		return nil
	}
	for {
		names, err := directory.Readdirnames(batch)
		for _, entry := range names {
			if err := p.entry(int(directory.Fd()), entry, strings.TrimPrefix(name, "./")+entry); err != nil {
				return fmt.Errorf("%q: %w", name+entry, err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// entry packs what is called base in a directory, without following links.
func (p *packer) entry(directory int, base, name string) error {
	var stat unix.Stat_t
	err := unix.Fstatat(directory, base, &stat, unix.AT_SYMLINK_NOFOLLOW)
	kind := stat.Mode & unix.S_IFMT
	switch {
	case errors.Is(err, unix.ENOENT):
		return nil
	case err != nil:
		return err
	case kind == unix.S_IFDIR || kind == unix.S_IFREG && !p.linked(name, stat):
		return p.open(directory, base, name)
	}
	return p.other(directory, base, name, stat)
}

// linked reports whether a file has been packed under another name.
func (p *packer) linked(name string, stat unix.Stat_t) bool {
	_, seen := p.links[inode{stat.Dev, stat.Ino}]
	return seen && stat.Nlink > 1
}

const openFlags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC

// open packs what was a directory or a regular file when it was looked at.
func (p *packer) open(directory int, base, name string) error {
	opened, err := unix.Openat(directory, base, openFlags|unix.O_NOFOLLOW, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	} else if err != nil {
		return err
	}
	return p.opened(opened, name)
}

// opened packs an open directory or file, and closes it.
func (p *packer) opened(opened int, name string) error {
	var stat unix.Stat_t
	if err := unix.Fstat(opened, &stat); err != nil {
		return errors.Join(err, unix.Close(opened))
	}
	if stat.Mode&unix.S_IFMT == unix.S_IFDIR {
		directory := os.NewFile(uintptr(opened), name)
		defer directory.Close()
		return p.directory(directory, name+"/")
	}
	file := descriptor(opened)
	defer file.close()
	return p.file(file, name, stat)
}

// file packs the contents of an open file.
func (p *packer) file(file descriptor, name string, stat unix.Stat_t) error {
	if stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return unix.ENXIO
	}
	header := headerOf(tar.TypeReg, name, stat)
	header.Size = stat.Size
	header.PAXRecords = attributesOf(int(file))
	if err := p.out.WriteHeader(header); err != nil {
		return err
	}
	written, err := io.CopyBuffer(onlyWriter{p.out}, io.LimitReader(file, stat.Size), p.buffer)
	if err != nil {
		return err
	}
	if err := p.fill(stat.Size - written); err != nil {
		return err
	}
	if stat.Nlink > 1 && len(p.links) < maxLinks {
		p.links[inode{stat.Dev, stat.Ino}] = link{name, uint64(stat.Nlink) - 1}
	}
	return nil
}

// onlyWriter hides what else a writer can do, which would not use the buffer.
type onlyWriter struct{ io.Writer }

func (p *packer) fill(zeros int64) error {
	clear(p.buffer)
	for zeros > 0 {
		n, err := p.out.Write(p.buffer[:min(zeros, int64(len(p.buffer)))])
		if err != nil {
			return err
		}
		zeros -= int64(n)
	}
	return nil
}

// other packs what is known of a file without opening it: links of both kinds, FIFOs and devices. Sockets have no place in
// archives.
func (p *packer) other(directory int, base, name string, stat unix.Stat_t) error {
	var header *tar.Header
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		header = headerOf(tar.TypeLink, name, stat)
		header.Linkname = p.linkTo(inode{stat.Dev, stat.Ino})
	case unix.S_IFLNK:
		var target [unix.PathMax]byte
		n, err := unix.Readlinkat(directory, base, target[:])
		if err != nil {
			return err
		}
		header = headerOf(tar.TypeSymlink, name, stat)
		header.Linkname = string(target[:n])
	case unix.S_IFIFO:
		header = headerOf(tar.TypeFifo, name, stat)
	case unix.S_IFCHR:
		header = headerOf(tar.TypeChar, name, stat)
	case unix.S_IFBLK:
		header = headerOf(tar.TypeBlock, name, stat)
	default:
		return nil
	}
	return p.out.WriteHeader(header)
}

// linkTo gives the first name of a file, and forgets it with the last of the others.
func (p *packer) linkTo(of inode) string {
	link := p.links[of]
	if link.left--; link.left == 0 {
		delete(p.links, of)
	} else {
		p.links[of] = link
	}
	return link.name
}

func headerOf(kind byte, name string, stat unix.Stat_t) *tar.Header {
	return &tar.Header{
		Typeflag: kind, Name: name, Mode: int64(stat.Mode & 0o7777), Uid: int(stat.Uid), Gid: int(stat.Gid),
		ModTime: time.Unix(stat.Mtim.Unix()), Format: tar.FormatPAX,
		Devmajor: int64(unix.Major(stat.Rdev)), Devminor: int64(unix.Minor(stat.Rdev)),
	}
}
