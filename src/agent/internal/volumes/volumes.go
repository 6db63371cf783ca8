// Package volumes makes what was written to volumes durable, and known to who else has them.
package volumes

import (
	"context"
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/fault"
)

// Reload writes out all that programs have written to the file systems at these paths, the same ones in each call. It
// returns when that has been done, or when ctx has ended; the kernel goes on with it then. However many call, one writing
// out is under way at a time: those that come meanwhile share the one after it. Errors: internal where a volume says that
// it lost something or cannot be reached, deadline_exceeded.
func Reload(ctx context.Context, paths []string) error {
	turn := flushes.join(func() error {
		var failed []error
		for _, path := range paths {
			failed = append(failed, flush(path))
		}
		return errors.Join(failed...)
	})
	select {
	case <-turn.done:
		return turn.err
	case <-ctx.Done():
		return fault.New(fault.DeadlineExceeded, fault.Sandbox, "The volumes are still being written out: try again")
	}
}

var flushes turns

// turns runs one at a time of what several ask for.
type turns struct {
	mutex sync.Mutex
	// current is under way and may be past what was written last, so that those who come meanwhile need the next.
	current, next *turn
}

type turn struct {
	run  func() error
	done chan struct{}
	// err may be read when done is closed.
	err error
}

// join gives a turn that has not begun before the call.
func (t *turns) join(run func() error) *turn {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.next != nil {
		return t.next
	}
	joined := &turn{run: run, done: make(chan struct{})}
	if t.current == nil {
		t.current = joined
		go t.work()
	} else {
		t.next = joined
	}
	return joined
}

func (t *turns) work() {
	for turn := t.current; turn != nil; {
		turn.err = turn.run()
		close(turn.done)
		t.mutex.Lock()
		t.current, t.next = t.next, nil
		turn = t.current
		t.mutex.Unlock()
	}
}

func flush(path string) error {
	// What is there now may be no directory any more, and wait.
	directory, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err == nil {
		defer directory.Close()
		err = unix.Syncfs(int(directory.Fd()))
	}
	if err != nil {
		return fault.New(fault.Internal, fault.Sandbox, "Cannot write out the volume at %.200s: %v", path, err)
	}
	return nil
}
