// Package activity knows whether a sandbox is in use from outside, and from when on nothing can begin in it any more.
package activity

import (
	"sync"
	"time"

	"sandkeep.dev/agent/internal/fault"
)

// Use is who uses one sandbox. A new one counts as used just now.
type Use struct {
	mu     sync.Mutex
	active int
	// last is when something was active for the last time, if nothing is.
	last time.Time
	// over says why nothing can begin any more; empty while it can.
	over string
}

// New makes the use of a sandbox that starts now.
func New() *Use { return &Use{last: time.Now()} }

// Begin counts something as active until end is called. Once the sandbox ends it fails with failed_precondition: what
// begins is either counted before the decision to end, or refused.
func (u *Use) Begin() (end func(), err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.over != "" {
		return nil, fault.New(fault.FailedPrecondition, fault.Sandbox, "Nothing can be started in the sandbox any more: %s", u.over)
	}
	u.active++
	return sync.OnceFunc(u.end), nil
}

func (u *Use) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.active--
	u.last = time.Now()
}

// Note counts this moment as active.
func (u *Use) Note() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.last = time.Now()
}

// Idle is how long nothing has been active; 0 while something is, and once the sandbox ends.
func (u *Use) Idle() time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.idle()
}

func (u *Use) idle() time.Duration {
	if u.active > 0 || u.over != "" {
		return 0
	}
	return time.Since(u.last)
}

// Close lets nothing begin from now on. The first reason stays.
func (u *Use) Close(why string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.close(why)
}

func (u *Use) close(why string) {
	if u.over == "" {
		u.over = why
	}
}

// CloseIfIdle does the same if nothing has been active for that long, and reports whether it has.
func (u *Use) CloseIfIdle(enough time.Duration, why string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.idle() < enough {
		return false
	}
	u.close(why)
	return true
}
