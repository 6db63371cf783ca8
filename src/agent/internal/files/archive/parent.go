package archive

import (
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// parent is the directory that a file was made in last. It stays open for the files that follow: most of an archive's are
// beside each other, and to find their directory anew costs as much as to make them.
type parent struct {
	root   *os.Root
	name   string
	opened *os.File
}

// of gives the open directory that a name is in, and what it is called there. The directory is open until the next call.
func (p *parent) of(name string) (directory int, base string, err error) {
	in := path.Dir(name)
	if p.opened == nil || p.name != in {
		p.forget()
		if p.opened, err = p.root.OpenFile(in, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0); err != nil {
			p.opened = nil
			return -1, "", err
		}
		p.name = in
	}
	return int(p.opened.Fd()), path.Base(name), nil
}

// forget closes the directory: its name may lead somewhere else from now on.
func (p *parent) forget() {
	if p.opened != nil {
		_ = p.opened.Close()
		p.opened = nil
	}
}
