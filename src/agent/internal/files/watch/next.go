package watch

import (
	"context"
	"io"
	"slices"
	"time"
)

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
