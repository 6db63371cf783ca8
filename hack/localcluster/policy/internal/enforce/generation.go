package enforce

import (
	"context"
	"sync"
)

// generation lets callers wait for a sync that began after they asked, and so has seen what they changed.
type generation struct {
	mutex    sync.Mutex
	begun    int
	finished int
	advanced chan struct{}
}

func newGeneration() *generation { return &generation{advanced: make(chan struct{})} }

func (g *generation) begin() int {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.begun++
	return g.begun
}

func (g *generation) finish(sync int) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.finished = sync
	close(g.advanced)
	g.advanced = make(chan struct{})
}

// next returns the number of the first sync that has not begun yet.
func (g *generation) next() int {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.begun + 1
}

// wait returns when a sync of at least this number has finished without error, or with the context's error.
func (g *generation) wait(ctx context.Context, sync int) error {
	for {
		g.mutex.Lock()
		finished, advanced := g.finished >= sync, g.advanced
		g.mutex.Unlock()
		if finished {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-advanced:
		}
	}
}
