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

// maxEvents is about how many events Next gives at once.
const maxEvents = 10_000

// Next waits for events. Errors: os.ErrDeadlineExceeded when there are none until the deadline, io.EOF when what was watched
// is gone, after that has been reported, context.Canceled after Interrupt.
func (w *Watch) Next(deadline time.Time) ([]Event, error) {
	for {
		w.handleAll()
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

// handleAll handles the events that there are, then directories that are expected.
func (w *Watch) handleAll() {
	for len(w.events) < maxEvents && !w.over {
		if len(w.queue.events) > 0 {
			w.handle(w.queue.take())
			w.tree.expire()
		} else if len(w.tree.expected) == 0 {
			return
		} else if w.queue.fetchAll(); len(w.queue.events) == 0 {
			w.enter()
		}
	}
}

// insert is events that come before the one at an index.
type insert struct {
	at     int
	events []Event
}

// enter enters the directory that has been expected for longest, and reports what is in it, where that it came is reported.
func (w *Watch) enter() {
	n := w.tree.expected[0]
	w.tree.expected = w.tree.expected[1:]
	if n.gone || n.descriptor > 0 {
		return
	}
	outcome, found, err := w.tree.enter(n)
	if err != nil {
		w.tree.forget(n)
	}
	in := insert{at: max(0, len(w.events)-int(w.tree.position-n.settled()))}
	if outcome == unclear {
		in.events = []Event{newEvent(Overflow, n.path())}
	}
	for _, entry := range found {
		in.events = append(in.events, newEvent(Create, join(entry.in.path(), entry.name)))
	}
	w.inserts = append(w.inserts, in)
}

// Interrupt has Next return, now and always.
func (w *Watch) Interrupt() {
	w.interrupted.Store(true)
	w.swap.Lock()
	defer w.swap.Unlock()
	_ = w.queue.file.SetReadDeadline(time.Unix(1, 0))
}

// wanted are the events since the last time that are of the types asked for.
func (w *Watch) wanted() (events []Event) {
	slices.SortStableFunc(w.inserts, func(a, b insert) int { return a.at - b.at })
	from := 0
	for _, in := range w.inserts {
		events = append(append(events, w.events[from:in.at]...), in.events...)
		from = in.at
	}
	events = append(events, w.events[from:]...)
	w.events, w.inserts = nil, nil
	return slices.DeleteFunc(events, func(e Event) bool { return !w.options.Types[e.Type] && e.Type != Overflow })
}

func (w *Watch) report(kind Type, paths ...string) { w.add(newEvent(kind, paths...)) }

func (w *Watch) reportHalf(path, moved string) {
	event := newEvent(Rename, path)
	event.Moved = moved
	w.add(event)
}

func (w *Watch) add(event Event) {
	w.events = append(w.events, event)
	w.tree.position++
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
		w.tree.forget(in)
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
		w.expect(in, event)
	case event.is(unix.IN_DELETE):
		delete(in.found, event.name)
		w.tree.drop(in, event.name)
		w.report(Delete, path)
	case event.is(unix.IN_MODIFY | unix.IN_ATTRIB):
		w.report(Modify, path)
	case event.is(unix.IN_OPEN|unix.IN_CLOSE) && !event.is(unix.IN_ISDIR):
		w.report(Access, path)
	}
}

// expect has a directory that has come into the tree watched, with all below it.
func (w *Watch) expect(in *node, event raw) {
	if w.options.Recursive && event.is(unix.IN_ISDIR) {
		w.tree.expect(in, event.name)
	}
}

// moved reports the renaming of what was in a directory, with both paths if both are watched.
func (w *Watch) moved(in *node, from raw) {
	old := join(in.path(), from.name)
	to, arrived := w.queue.arrival(from)
	into := w.tree.nodes[to.descriptor]
	delete(in.found, from.name)
	if !arrived || into == nil {
		w.tree.drop(in, from.name)
		if temporary, _ := files.Temporary(from.name); !temporary {
			w.reportHalf(old, Out)
		}
		return
	}
	current, found := join(into.path(), to.name), into.found[to.name]
	delete(into.found, to.name)
	switch temporary, creates := files.Temporary(from.name); {
	case temporary && found:
	case temporary:
		w.report(written(creates), current)
	default:
		w.report(Rename, old, current)
		w.follow(in, from, into, to)
	}
}

// follow has the tree follow a rename.
func (w *Watch) follow(in *node, from raw, into *node, to raw) {
	switch {
	case !from.is(unix.IN_ISDIR) || !w.options.Recursive:
	case into.children[to.name] != nil && w.queue.exchanged(from, to):
		w.report(Rename, join(into.path(), to.name), join(in.path(), from.name))
		w.tree.exchange(in, from.name, into, to.name)
	default:
		w.tree.move(in, from.name, into, to.name)
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
	w.tree.drop(in, event.name)
	w.reportHalf(join(in.path(), event.name), In)
	w.expect(in, event)
}
