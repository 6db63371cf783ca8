package archive

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/files"
)

// Unpack makes in a directory what a tar archive has, and tells how many entries that were. The directory is made if it is
// missing. Files and links that are there are replaced, directories are filled. Permissions, times and, if the agent is root
// and owners is set, owners are those of the archive, but those of the directory itself if it was there before. Nothing
// outside of the directory is touched, whatever names and links the archive has. What has been unpacked stays when the
// archive or its transfer breaks off, but for the file that is incomplete.
func Unpack(directory string, body io.Reader, owners bool) (entries int, err error) {
	root, made, err := openRoot(directory)
	if err != nil {
		return 0, files.Refuse("unpack into", directory, err)
	}
	defer root.Close()
	watched := &watchedBody{body: body}
	u := &unpacker{root: root, owners: owners && os.Geteuid() == 0, ownRoot: made, buffer: make([]byte, copySize)}
	u.parent.root = root
	defer u.parent.forget()
	u.archive = tar.NewReader(bufio.NewReaderSize(watched, copySize))
	for ; ; entries++ {
		header, err := u.archive.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return entries, watched.refuse(err)
		}
		if err := u.entry(header); err != nil {
			return entries, refuseEntry(directory, header.Name, watched, err)
		}
	}
	if err := u.leave(""); err != nil {
		return entries, files.Refuse("unpack into", directory, err)
	}
	// Archives are padded.
	_, _ = io.CopyN(io.Discard, body, 1<<20)
	return entries, nil
}

func openRoot(directory string) (root *os.Root, made bool, err error) {
	info, err := os.Stat(directory)
	switch {
	case errors.Is(err, os.ErrNotExist):
		err, made = files.MakeDirectory(directory, true, nil), true
	case err == nil && !info.IsDir():
		err = unix.ENOTDIR
	}
	if err != nil {
		return nil, false, err
	}
	root, err = os.OpenRoot(directory)
	return root, made, err
}

// watchedBody tells a transfer that broke off from an archive that is wrong.
type watchedBody struct {
	body io.Reader
	err  error
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

func (b *watchedBody) refuse(err error) error {
	if refused := new(fault.Fault); errors.As(b.err, &refused) {
		return refused
	} else if b.err != nil {
		return fault.New(fault.InvalidArgument, fault.Request, "The body broke off: %v", b.err)
	}
	return fault.New(fault.InvalidArgument, fault.Request, "The body is no complete tar archive: %v", err)
}

func refuseEntry(directory, name string, body *watchedBody, err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		if body.err != nil || errors.Is(err, io.ErrUnexpectedEOF) {
			return body.refuse(err)
		}
		return fault.New(fault.InvalidArgument, fault.File, "Cannot unpack %.300q into %.300q: %v", name, directory, err)
	}
	return files.Refuse(fmt.Sprintf("unpack %.300q into", name), directory, err)
}
