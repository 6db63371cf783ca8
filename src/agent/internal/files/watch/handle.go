package watch

import (
	"errors"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/files"
)

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
