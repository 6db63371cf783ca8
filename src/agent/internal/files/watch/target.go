package watch

import (
	"errors"
	"path/filepath"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/files"
)

// target is a watched file. What happens to its name is seen in its directory, what happens to its contents at the file
// itself, which may have been mounted there from elsewhere.
type target struct {
	// file and directory are the watches, -1 if there is none.
	file, directory int32
}

func (w *Watch) openTarget() (err error) {
	t := w.target
	t.directory, err = w.queue.add(filepath.Dir(w.path), w.tree.mask&^w.contents())
	if errors.Is(err, unix.EACCES) {
		t.directory, err = -1, nil
	}
	if err != nil {
		return err
	}
	t.file, err = w.queue.add(w.path, w.ofFile())
	return err
}

func (w *Watch) ofFile() uint32 { return w.contents() | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF }

// followName watches what has the file's name now.
func (w *Watch) followName() {
	w.unfollow()
	if descriptor, err := w.queue.add(w.path, w.ofFile()); err == nil {
		w.target.file = descriptor
	}
}

func (w *Watch) unfollow() {
	if w.target.file >= 0 {
		w.queue.remove(w.target.file)
	}
	w.target.file = -1
}

func (w *Watch) handleTarget(event raw) {
	switch {
	case event.descriptor < 0:
	case event.descriptor == w.target.file:
		w.handleFile(event)
	case event.descriptor != w.target.directory:
	case event.is(unix.IN_DELETE_SELF | unix.IN_IGNORED | unix.IN_UNMOUNT):
		w.gone()
	case event.is(unix.IN_MOVE_SELF):
		w.reportHalf(w.path, Out)
		w.over = true
	default:
		w.handleName(event)
	}
}

func (w *Watch) handleFile(event raw) {
	switch {
	case event.is(unix.IN_MODIFY | unix.IN_ATTRIB):
		w.report(Modify, w.path)
	case event.is(unix.IN_OPEN | unix.IN_CLOSE):
		w.report(Access, w.path)
	case event.is(unix.IN_UNMOUNT) || w.target.directory < 0 && event.is(unix.IN_DELETE_SELF|unix.IN_IGNORED):
		w.gone()
	case w.target.directory < 0 && event.is(unix.IN_MOVE_SELF):
		w.reportHalf(w.path, Out)
		w.over = true
	}
}

// handleName is about names in the file's directory.
func (w *Watch) handleName(event raw) {
	directory, name := filepath.Split(w.path)
	switch {
	case event.is(unix.IN_MOVED_FROM):
		to, arrived := w.queue.arrival(event)
		arrived = arrived && to.descriptor == w.target.directory
		switch {
		case event.name == name && arrived:
			w.unfollow()
			w.report(Rename, w.path, directory+to.name)
		case event.name == name:
			w.unfollow()
			w.reportHalf(w.path, Out)
		case arrived && to.name == name:
			w.followName()
			w.replaced(directory + event.name)
		}
	case event.name != name:
	case event.is(unix.IN_MOVED_TO):
		w.followName()
		w.reportHalf(w.path, In)
	case event.is(unix.IN_CREATE):
		w.followName()
		w.report(Create, w.path)
	case event.is(unix.IN_DELETE):
		w.unfollow()
		w.report(Delete, w.path)
	}
}

// replaced reports that another file of the directory has been renamed to the watched one's name.
func (w *Watch) replaced(from string) {
	if temporary, creates := files.Temporary(filepath.Base(from)); temporary {
		w.report(written(creates), w.path)
		return
	}
	w.report(Rename, from, w.path)
}
