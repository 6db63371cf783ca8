// Package watch reports changes to files as they happen, by the system's inotify.
//
//	create   a file or directory is new
//	modify   its contents, permissions, owner or times have changed, or the count of its links
//	delete   it is gone; of what is watched itself, this is the last event
//	rename   with both paths, if both are watched; else with one and moved: in or out
//	access   it was opened or closed; not of directories, and only if asked for
//	overflow events were lost, or would be too many: look anew at the path and below
//
// A directory is watched for what happens to its entries, with Recursive also to those of all directories below. Events are
// in the order of what happened, so that whoever applies them to a list of what was there has the list of what is there. A
// directory that is made or moved in is watched, and what is in it already is reported as created, before anything that
// happened later; one with more than 10,000 entries in all is reported by overflow instead, as is one in which directories
// keep being moved while it is entered.
//
// A file is watched by its name: it may be written, replaced, renamed away, deleted and made again. What has the name is
// watched, until its directory is gone.
//
// What the agent writes with package files is one event, create or modify, and not how that is done.
//
// Limits: 64 watches at once; 65,536 directories in one. Directories that may not be read and those of file systems such as
// /proc are left out. Changes by others to file systems that are shared, such as NFS, are not seen. gVisor sees only what
// happens inside the sandbox, says of no directory that it was one when it is deleted, and never reports overflow.
package watch

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/files"
)

// Options say what is watched for.
type Options struct {
	// Recursive: directories below are watched too, those included that are made later.
	Recursive bool
	// Types are what is reported, besides Overflow.
	Types map[Type]bool
}

// Watch reports what happens to a file or in a directory. One goroutine may use it, but for Interrupt.
type Watch struct {
	options Options
	path    string
	queue   *inotify
	tree    *tree
	// target is what is watched if it is no directory.
	target *target
	// events are to be given next, behind others that were found to have come before.
	events  []Event
	inserts []insert
	// over: what was watched is gone.
	over bool

	interrupted atomic.Bool
	// swap guards queue while it is replaced.
	swap sync.Mutex
}

// maxWatches is how many there may be at once: the system has few for all sandboxes of a node.
const maxWatches = 64

var watches = make(chan struct{}, maxWatches)

// Start begins to watch: what happens when it has returned is reported. A link is followed, and events name paths under
// what it points to. Errors, besides those of package files: resource_exhausted when the agent or the system has no more
// watches.
func Start(path string, options Options) (*Watch, error) {
	real, directory, err := resolve(path)
	if err != nil {
		return nil, files.Refuse("watch", path, err)
	}
	select {
	case watches <- struct{}{}:
	default:
		return nil, exhausted(path, fmt.Errorf("%d watches are open", maxWatches))
	}
	w := &Watch{options: options, path: real}
	if !directory {
		w.target = &target{}
	}
	if err := w.open(); err != nil {
		<-watches
		if limited(err) || errors.Is(err, errTooMany) {
			return nil, exhausted(path, err)
		}
		return nil, files.Refuse("watch", path, err)
	}
	return w, nil
}

func exhausted(path string, err error) error {
	return fault.New(fault.ResourceExhausted, fault.File, "Cannot watch %.300q: %v (besides the agent's limit of %d watches, the node has limits, as fs.inotify.max_user_watches and max_user_instances)", path, err, maxWatches)
}

// resolve follows links, and says whether it is a directory that they lead to.
func resolve(path string) (real string, directory bool, err error) {
	file, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", false, err
	}
	defer unix.Close(file)
	var stat unix.Stat_t
	if err := unix.Fstat(file, &stat); err != nil {
		return "", false, err
	}
	real, err = os.Readlink("/proc/self/fd/" + strconv.Itoa(file))
	return real, stat.Mode&unix.S_IFMT == unix.S_IFDIR, err
}

// Close ends the watch.
func (w *Watch) Close() {
	w.queue.close()
	<-watches
}

// open asks the system to watch everything, and reports nothing that is there.
func (w *Watch) open() error {
	queue, err := newInotify()
	if err != nil {
		return err
	}
	w.swap.Lock()
	w.queue = queue
	w.swap.Unlock()
	w.tree = &tree{queue: w.queue, mask: w.mask(), nodes: map[int32]*node{}}
	if w.target != nil {
		err = w.openTarget()
	} else {
		err = w.openDirectory()
	}
	if err != nil {
		w.queue.close()
	}
	return err
}

func (w *Watch) openDirectory() error {
	root := &node{name: w.path}
	if !w.options.Recursive {
		return w.tree.watch(root)
	}
	outcome, _, err := w.tree.enter(root)
	switch {
	case err == nil && root.gone:
		// What fill passes over anywhere else.
		err = w.tree.watch(root)
	case outcome == unclear:
		w.report(Overflow, w.path)
	}
	w.tree.finding = nil
	return err
}

// mask is what the system is asked for. It includes what changes the tree, whatever is reported.
func (w *Watch) mask() uint32 {
	return unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVE | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ATTRIB | w.contents()
}

func (w *Watch) contents() (mask uint32) {
	if w.options.Types[Modify] {
		mask |= unix.IN_MODIFY | unix.IN_ATTRIB
	}
	if w.options.Types[Access] {
		mask |= unix.IN_OPEN | unix.IN_CLOSE
	}
	return mask
}
