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

var errTooMany = errors.New("it has more than 65536 directories")

// node is a directory of the tree.
type node struct {
	// descriptor is the system's watch, 0 while there is none: the directory is expected, and will be entered.
	descriptor int32
	// parent is nil for the root, whose name is its path.
	parent   *node
	name     string
	children map[string]*node
	// since is the tree's position when it came to its name.
	since int64
	// gone: it is in the tree no longer.
	gone bool
	// found are the entries that were reported because they were there when it was entered, until the events from before
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

// within reports whether a directory is another or below it.
func (n *node) within(other *node) bool {
	for ; n != nil; n = n.parent {
		if n == other {
			return true
		}
	}
	return false
}

// settled is since when it has had its path.
func (n *node) settled() (position int64) {
	for ; n != nil; n = n.parent {
		position = max(position, n.since)
	}
	return position
}

func (n *node) adopt(child *node) {
	if n.children == nil {
		n.children = map[string]*node{}
	}
	n.children[child.name] = child
	child.parent = n
}

// tree is the directories that are watched. Events come late: what the tree says is as of the last event that was handled,
// what the system says is as of now. Both are the same once all events have been handled, which is when directories are
// entered.
type tree struct {
	queue *inotify
	mask  uint32
	nodes map[int32]*node
	// position counts the events that have been reported.
	position int64
	// expected are to be entered.
	expected []*node
	// finding are the nodes with entries in found, oldest first.
	finding []*node
}

// expect puts a directory into the tree, in place of what was there under its name.
func (t *tree) expect(parent *node, name string) {
	t.drop(parent, name)
	n := &node{name: name, since: t.position}
	parent.adopt(n)
	t.expected = append(t.expected, n)
}

// drop takes the directory of a name, if it is one, out of the tree.
func (t *tree) drop(parent *node, name string) {
	if n := parent.children[name]; n != nil {
		t.forget(n)
	}
}

// forget takes a directory and those below it out of the tree.
func (t *tree) forget(n *node) {
	t.unwatch(n)
	n.gone = true
	if n.parent != nil && n.parent.children[n.name] == n {
		delete(n.parent.children, n.name)
	}
}

// unwatch leaves of a directory that it is expected.
func (t *tree) unwatch(n *node) {
	for _, child := range n.children {
		t.forget(child)
	}
	if n.descriptor > 0 {
		t.queue.remove(n.descriptor)
		delete(t.nodes, n.descriptor)
	}
	n.descriptor, n.found = 0, nil
}

// move follows the renaming of a directory. One that is not in the tree yet is expected.
func (t *tree) move(from *node, name string, to *node, as string) {
	t.drop(to, as)
	n := from.children[name]
	if n == nil {
		t.expect(to, as)
		return
	}
	delete(from.children, name)
	n.name, n.since = as, t.position
	to.adopt(n)
}

// exchange follows two directories that have taken each other's names.
func (t *tree) exchange(from *node, name string, to *node, as string) {
	one, other := from.children[name], to.children[as]
	delete(from.children, name)
	delete(to.children, as)
	other.name, other.since = name, t.position
	from.adopt(other)
	if one == nil {
		t.expect(to, as)
		return
	}
	one.name, one.since = as, t.position
	to.adopt(one)
}

// watch asks the system to watch an expected directory.
func (t *tree) watch(n *node) error {
	if len(t.nodes) >= maxDirectories {
		return errTooMany
	}
	mask := t.mask | unix.IN_ONLYDIR | unix.IN_DONT_FOLLOW | unix.IN_EXCL_UNLINK
	if n.parent != nil {
		// Its parent tells.
		mask &^= unix.IN_MOVE_SELF
	}
	descriptor, err := t.queue.add(n.path(), mask)
	if err != nil {
		return err
	}
	if known := t.nodes[descriptor]; known != nil {
		// It has come from elsewhere in the tree, of which the event will be ignored.
		if n.within(known) {
			return unix.ELOOP
		}
		t.forget(known)
		if descriptor, err = t.queue.add(n.path(), mask); err != nil {
			return err
		}
	}
	n.descriptor = descriptor
	t.nodes[descriptor] = n
	return nil
}

// entry is something in a directory.
type entry struct {
	in   *node
	name string
}

// fill watches an expected directory and those below it, and adds all that is in them to found. Directories that vanish,
// that may not be read and those of pseudo file systems are taken out of the tree.
func (t *tree) fill(n *node, found *[]entry) error {
	switch err := t.watch(n); {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.EACCES), errors.Is(err, unix.ELOOP):
		t.forget(n)
		return nil
	case err != nil:
		return err
	}
	below, ok := read(n, found)
	if !ok {
		t.forget(n)
		return nil
	}
	for _, name := range below {
		child := &node{name: name}
		t.drop(n, name)
		n.adopt(child)
		if err := t.fill(child, found); err != nil {
			return err
		}
	}
	return nil
}

// read gives the directories in a directory, and adds all entries to found.
func read(n *node, found *[]entry) (below []string, ok bool) {
	directory, err := os.OpenFile(n.path(), os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, false
	}
	defer directory.Close()
	if files.Pseudo(int(directory.Fd())) {
		return nil, false
	}
	for {
		entries, err := directory.ReadDir(256)
		for _, e := range entries {
			if temporary, _ := files.Temporary(e.Name()); temporary {
				continue
			}
			if len(*found) <= maxFound {
				*found = append(*found, entry{n, e.Name()})
			}
			if e.IsDir() {
				below = append(below, e.Name())
			}
		}
		if err != nil {
			return below, errors.Is(err, io.EOF)
		}
	}
}
