package watch

import "golang.org/x/sys/unix"

const (
	// maxFound is how many entries of a directory that comes into the tree are reported one by one.
	maxFound = 10_000
	// maxEntering is how often a directory is entered anew because directories were moved in it meanwhile.
	maxEntering = 8
)

// outcome is what came of entering a directory.
type outcome int

const (
	// entered: what was found is what was there.
	entered outcome = iota
	// delayed: events that are to be handled first may concern its path; it is expected again.
	delayed
	// unclear: it is watched, but what is in it has to be looked at by others.
	unclear
)

// enter watches an expected directory and those below it. All events must have been handled; so the tree and the system
// agree on the path, and only what happens from now on can make a difference, which the new events tell.
func (t *tree) enter(n *node) (outcome, []entry, error) {
	var found []entry
	for range maxEntering {
		found = found[:0]
		if err := t.fill(n, &found); err != nil {
			return unclear, nil, err
		}
		t.queue.fetchAll()
		switch {
		case n.parent != nil && t.uncertain(n):
			if !n.gone {
				t.unwatch(n)
				t.expected = append(t.expected, n)
			}
			return delayed, nil, nil
		case len(found) > maxFound:
			return unclear, nil, nil
		case !t.shifted(n):
			t.note(found)
			return entered, found, nil
		}
		t.unwatch(n)
	}
	return unclear, nil, t.fill(n, &found)
}

// uncertain reports whether an event is to be handled after which a path may lead to another directory than it did.
func (t *tree) uncertain(n *node) bool {
	for _, event := range t.queue.events {
		in := t.nodes[event.descriptor]
		if in == nil || !event.is(unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVE) {
			continue
		}
		if child := in.children[event.name]; child != nil && n.within(child) || in == n.parent && event.name == n.name {
			return true
		}
	}
	return false
}

// shifted reports whether directories have been moved in a directory or below while it was entered.
func (t *tree) shifted(n *node) bool {
	for _, event := range t.queue.events {
		if in := t.nodes[event.descriptor]; in != nil && event.is(unix.IN_MOVE) && event.is(unix.IN_ISDIR) && in.within(n) {
			return true
		}
	}
	return false
}

// note keeps which entries were reported because they were found: the event of their creation may be among those to come.
func (t *tree) note(found []entry) {
	end := t.queue.read + t.queue.waiting()
	for _, e := range found {
		if e.in.found == nil {
			e.in.found, e.in.until = map[string]bool{}, end
			t.finding = append(t.finding, e.in)
		}
		e.in.found[e.name] = true
	}
}

// expire drops notes once all events of before have been gone through.
func (t *tree) expire() {
	for len(t.finding) > 0 && t.queue.taken >= t.finding[0].until {
		t.finding[0].found = nil
		t.finding = t.finding[1:]
	}
}
