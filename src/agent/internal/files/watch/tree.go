package watch

import (
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/files"
)

// maxDirectories bounds the memory that a recursive watch takes.
const maxDirectories = 65_536

// node is a directory that is watched.
type node struct {
	descriptor int32
	// parent is nil for the root, whose name is its path.
	parent   *node
	name     string
	children map[string]*node
	// found are the entries that were reported because they were there when the watch began, until events from before then
	// have been gone through.
	found map[string]bool
	until int64
}

func (n *node) path() string {
	if n.parent == nil {
		return n.name
	}
	return join(n.parent.path(), n.name)
}

func join(directory, name string) string { return strings.TrimSuffix(directory, "/") + "/" + name }

// tree is the directories that are watched.
type tree struct {
	queue *inotify
	mask  uint32
	nodes map[int32]*node
	// finding are the nodes with entries in found, oldest first.
	finding []*node
}

var errTooMany = errors.New("it has more than 65536 directories")

// add begins to watch a directory; nil if it is being watched already.
func (t *tree) add(parent *node, name string) (*node, error) {
	if len(t.nodes) >= maxDirectories {
		return nil, errTooMany
	}
	n := &node{parent: parent, name: name}
	descriptor, err := t.queue.add(n.path(), t.mask|unix.IN_ONLYDIR|unix.IN_DONT_FOLLOW|unix.IN_EXCL_UNLINK)
	if err != nil || t.nodes[descriptor] != nil {
		return nil, err
	}
	n.descriptor = descriptor
	t.nodes[descriptor] = n
	if parent != nil {
		parent.adopt(n)
	}
	return n, nil
}

func (n *node) adopt(child *node) {
	if n.children == nil {
		n.children = map[string]*node{}
	}
	n.children[child.name] = child
	child.parent = n
}

// addAll begins to watch a directory and those below it, and calls found with every entry of those. Directories that vanish,
// that may not be read and those of pseudo file systems are left out.
func (t *tree) addAll(parent *node, name string, found func(in *node, name string)) error {
	n, err := t.add(parent, name)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.EACCES), errors.Is(err, unix.ELOOP):
		return nil
	case err != nil || n == nil:
		return err
	}
	return t.scan(n, found)
}

func (t *tree) scan(n *node, found func(in *node, name string)) error {
	directory, err := os.OpenFile(n.path(), os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	if files.Pseudo(int(directory.Fd())) {
		_ = directory.Close()
		t.forget(n)
		return nil
	}
	var below []string
	for {
		entries, err := directory.ReadDir(256)
		for _, entry := range entries {
			if is, _ := files.Temporary(entry.Name()); is {
				continue
			}
			found(n, entry.Name())
			if entry.IsDir() {
				below = append(below, entry.Name())
			}
		}
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			_ = directory.Close()
			return nil
		}
	}
	_ = directory.Close()
	for _, name := range below {
		if err := t.addAll(n, name, found); err != nil {
			return err
		}
	}
	return nil
}

// forget no longer watches a directory and those below it.
func (t *tree) forget(n *node) {
	for _, child := range n.children {
		t.forget(child)
	}
	t.queue.remove(n.descriptor)
	t.lose(n)
}

// lose takes a directory out of the tree that the system watches no longer.
func (t *tree) lose(n *node) {
	delete(t.nodes, n.descriptor)
	if n.parent != nil && n.parent.children[n.name] == n {
		delete(n.parent.children, n.name)
	}
	n.found = nil
}

// move follows the renaming of a directory; it reports whether it was watched.
func (t *tree) move(from *node, name string, to *node, as string) bool {
	if replaced := to.children[as]; replaced != nil {
		t.forget(replaced)
	}
	n := from.children[name]
	if n == nil {
		return false
	}
	delete(from.children, name)
	n.name = as
	to.adopt(n)
	return true
}

// note keeps that an entry was reported when it was found, since its event may still come.
func (t *tree) note(in *node, name string) {
	if in.found == nil {
		in.found = map[string]bool{}
		t.finding = append(t.finding, in)
	}
	in.found[name] = true
}

// settle is called when what addAll found has been noted: events up to now may be of before.
func (t *tree) settle() {
	end := t.queue.read + t.queue.waiting()
	for _, n := range t.finding {
		if n.until == 0 {
			n.until = end
		}
	}
}

// expire drops notes once all events of before have been gone through.
func (t *tree) expire() {
	for len(t.finding) > 0 && t.queue.taken >= t.finding[0].until {
		t.finding[0].found, t.finding[0].until = nil, 0
		t.finding = t.finding[1:]
	}
}
