// Package watch reports changes to files as they happen, by the system's inotify.
//
//	create   a file or directory is new
//	modify   its contents, permissions, owner or times have changed, or the count of its links
//	delete   it is gone; of what is watched itself, this is the last event
//	rename   with both paths, if both are watched; else with one and moved: in or out
//	access   it was opened or closed; not of directories, and only if asked for
//	overflow events were lost, or would be too many: look anew at the path and below
//
// A directory is watched for what happens to its entries, with Recursive also to those of all directories below, which are
// watched before their creation is reported; what is in them by then is reported as created, each entry once. That is also
// so for a directory that is moved in, unless it has more than 10,000 entries: then overflow is reported for it.
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
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

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
	events []Event
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
	root, err := w.tree.add(nil, w.path)
	if err != nil || !w.options.Recursive {
		return err
	}
	return w.tree.scan(root, func(*node, string) {})
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

// maxEvents is about how many events Next gives at once.
const maxEvents = 1_000

// Next waits for events. Errors: os.ErrDeadlineExceeded when there are none until the deadline, io.EOF when what was watched
// is gone, after that has been reported, context.Canceled after Interrupt.
func (w *Watch) Next(deadline time.Time) ([]Event, error) {
	for {
		for len(w.queue.events) > 0 && len(w.events) < maxEvents && !w.over {
			w.handle(w.queue.take())
			w.tree.expire()
		}
		if events := w.wanted(); len(events) > 0 {
			return events, nil
		}
		if w.over {
			return nil, io.EOF
		}
		if err := w.queue.file.SetReadDeadline(deadline); err != nil {
			return nil, err
		}
		if w.interrupted.Load() {
			return nil, context.Canceled
		}
		if err := w.queue.fetch(); err != nil {
			return nil, err
		}
	}
}

// Interrupt has Next return, now and always.
func (w *Watch) Interrupt() {
	w.interrupted.Store(true)
	w.swap.Lock()
	defer w.swap.Unlock()
	_ = w.queue.file.SetReadDeadline(time.Unix(1, 0))
}

// wanted are the events since the last time that are of the types asked for.
func (w *Watch) wanted() []Event {
	events := slices.DeleteFunc(w.events, func(e Event) bool { return !w.options.Types[e.Type] && e.Type != Overflow })
	w.events = nil
	return events
}

func (w *Watch) report(kind Type, paths ...string) {
	w.events = append(w.events, newEvent(kind, paths...))
}

func (w *Watch) reportHalf(path, moved string) {
	event := newEvent(Rename, path)
	event.Moved = moved
	w.events = append(w.events, event)
}

func (w *Watch) handle(event raw) {
	if event.is(unix.IN_Q_OVERFLOW) {
		w.reopen()
		return
	}
	if w.target != nil {
		w.handleTarget(event)
		return
	}
	in := w.tree.nodes[event.descriptor]
	switch {
	case in == nil:
	case event.is(unix.IN_IGNORED | unix.IN_UNMOUNT | unix.IN_DELETE_SELF):
		w.tree.lose(in)
		if in.parent == nil {
			w.gone()
		}
	case event.is(unix.IN_MOVE_SELF) && in.parent == nil:
		w.reportHalf(w.path, Out)
		w.over = true
	case event.name == "":
		// A directory that somebody has open is gone from its place before it is deleted.
		if in.parent == nil && errors.Is(unix.Access(w.path, unix.F_OK), unix.ENOENT) {
			w.gone()
		}
	case event.is(unix.IN_MOVED_FROM):
		w.moved(in, event)
	case event.is(unix.IN_MOVED_TO):
		w.movedIn(in, event)
	default:
		w.changed(in, event)
	}
}

// gone reports that what was watched is, once.
func (w *Watch) gone() {
	if !w.over {
		w.report(Delete, w.path)
		w.over = true
	}
}

// reopen begins anew when the system has lost events.
func (w *Watch) reopen() {
	w.queue.close()
	real, directory, err := resolve(w.path)
	if err == nil && (real != w.path || directory == (w.target != nil)) {
		err = unix.ENOENT
	}
	if err == nil {
		err = w.open()
	}
	w.report(Overflow, w.path)
	if err != nil {
		w.gone()
	}
}

func (w *Watch) changed(in *node, event raw) {
	path := join(in.path(), event.name)
	temporary, _ := files.Temporary(event.name)
	switch {
	case temporary:
	case event.is(unix.IN_CREATE):
		if in.found[event.name] {
			delete(in.found, event.name)
			return
		}
		w.report(Create, path)
		w.enter(in, event)
	case event.is(unix.IN_DELETE):
		delete(in.found, event.name)
		w.report(Delete, path)
	case event.is(unix.IN_MODIFY | unix.IN_ATTRIB):
		w.report(Modify, path)
	case event.is(unix.IN_OPEN|unix.IN_CLOSE) && !event.is(unix.IN_ISDIR):
		w.report(Access, path)
	}
}

// maxFound is how many entries of a directory that comes into the tree are reported one by one.
const maxFound = 10_000

// enter watches a directory that has come into the tree, before it is reported, and reports what is in it already.
func (w *Watch) enter(in *node, event raw) {
	if !w.options.Recursive || !event.is(unix.IN_ISDIR) {
		return
	}
	before := len(w.events)
	err := w.tree.addAll(in, event.name, func(n *node, name string) {
		if len(w.events)-before <= maxFound {
			w.tree.note(n, name)
			w.report(Create, join(n.path(), name))
		}
	})
	w.tree.settle()
	if err != nil || len(w.events)-before > maxFound {
		w.events = w.events[:before]
		w.report(Overflow, join(in.path(), event.name))
	}
}

// moved reports the renaming of what was in a directory, with both paths if both are watched.
func (w *Watch) moved(in *node, from raw) {
	delete(in.found, from.name)
	old := join(in.path(), from.name)
	temporary, creates := files.Temporary(from.name)
	to, arrived := w.queue.arrival(from)
	into := w.tree.nodes[to.descriptor]
	switch {
	case !arrived || into == nil:
		if child := in.children[from.name]; child != nil {
			w.tree.forget(child)
		}
		if !temporary {
			w.reportHalf(old, Out)
		}
		return
	case temporary:
		if !into.found[to.name] {
			w.report(written(creates), join(into.path(), to.name))
		}
		delete(into.found, to.name)
		return
	}
	delete(into.found, to.name)
	w.report(Rename, old, join(into.path(), to.name))
	if !w.tree.move(in, from.name, into, to.name) {
		w.enter(into, to)
	}
}

// written is what the arrival of a temporary file means: that a file was written, new or not.
func written(creates bool) Type {
	if creates {
		return Create
	}
	return Modify
}

func (w *Watch) movedIn(in *node, event raw) {
	delete(in.found, event.name)
	if replaced := in.children[event.name]; replaced != nil {
		w.tree.forget(replaced)
	}
	w.reportHalf(join(in.path(), event.name), In)
	w.enter(in, event)
}
