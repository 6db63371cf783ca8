// Package limits keeps how long a sandbox may run and how long it may stay unused, on the monotonic clock.
//
// Unused means: no process runs that was started through the API (what the entrypoint starts itself does not count), no
// input comes for the entrypoint, nothing is connected to a port through the agent, and no TCP connection to a tunnelled
// port is open, whoever routed it. The kernel is asked for the latter four times per idle timeout, and each second at least.
package limits

import (
	"context"
	"fmt"
	"sync"
	"time"

	"sandkeep.dev/agent/internal/activity"
	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/ports"
)

// Limits of a sandbox's time.
type Limits struct {
	// Generation of the Sandbox that has these limits. What an older one says changes nothing, so that requests may come late.
	Generation int64 `json:"generation"`
	// TimeoutSeconds from the start, after which the sandbox ends; 0 for never.
	TimeoutSeconds int64 `json:"timeoutSeconds"`
	// IdleTimeoutSeconds without use, after which it ends; 0 for never.
	IdleTimeoutSeconds int64 `json:"idleTimeoutSeconds"`
}

// Expiry is that a limit was reached, and which.
type Expiry struct {
	Idle    bool
	Seconds int64
}

func (e Expiry) String() string {
	if e.Idle {
		return fmt.Sprintf("it was idle for idleTimeoutSeconds (%d)", e.Seconds)
	}
	return fmt.Sprintf("timeoutSeconds (%d) is over", e.Seconds)
}

// Keeper watches over the limits of one sandbox.
type Keeper struct {
	use       *activity.Use
	connected func() bool
	sampled   bool
	startedAt time.Time
	changed   chan struct{}
	expired   chan Expiry

	mu     sync.Mutex
	limits Limits
	over   *Expiry
}

// Keep keeps the limits of a sandbox that started at that time, until ctx ends.
func Keep(ctx context.Context, startedAt time.Time, limits Limits, use *activity.Use, tunnelled []uint16) *Keeper {
	k := &Keeper{
		use: use, startedAt: startedAt, limits: limits,
		connected: func() bool { return ports.Connected(tunnelled) }, sampled: len(tunnelled) > 0,
		changed: make(chan struct{}, 1), expired: make(chan Expiry, 1),
	}
	go k.run(ctx)
	return k
}

// Expired gives the limit that ends the sandbox, once. When it is the idle timeout, nothing can begin any more.
func (k *Keeper) Expired() <-chan Expiry { return k.expired }

// Set takes other limits and answers those that are kept from now on. The timeout can only become longer. Errors:
// invalid_argument for limits that are none, failed_precondition once one has been reached.
func (k *Keeper) Set(wanted Limits) (Limits, error) {
	if err := wanted.Validate(); err != nil {
		return Limits{}, fault.New(fault.InvalidArgument, fault.Request, "Cannot change the limits: %v", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over != nil {
		return Limits{}, fault.New(fault.FailedPrecondition, fault.Sandbox, "Cannot change the limits: the sandbox ends: %v", *k.over)
	}
	if wanted.Generation >= k.limits.Generation {
		wanted.TimeoutSeconds = longer(wanted.TimeoutSeconds, k.limits.TimeoutSeconds)
		k.limits = wanted
		select {
		case k.changed <- struct{}{}:
		default:
		}
	}
	return k.limits, nil
}

// Validate refuses limits that no sandbox can have.
func (l Limits) Validate() error {
	for name, seconds := range map[string]int64{"timeoutSeconds": l.TimeoutSeconds, "idleTimeoutSeconds": l.IdleTimeoutSeconds} {
		if seconds < 0 || seconds > mostSeconds {
			return fmt.Errorf("%s must be from 0 to %d", name, int64(mostSeconds))
		}
	}
	return nil
}

// mostSeconds is a year.
const mostSeconds = 365 * 24 * 3600

func longer(a, b int64) int64 {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}

func (k *Keeper) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-k.changed:
		case <-ctx.Done():
			return
		}
		wait, expiry := k.look()
		if expiry != nil {
			k.expired <- *expiry
			return
		}
		if wait < never {
			timer.Reset(wait)
		}
	}
}

const never = time.Duration(1<<63 - 1)

// look decides, or says when to look again.
func (k *Keeper) look() (wait time.Duration, expiry *Expiry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	wait = never
	if limit := seconds(k.limits.TimeoutSeconds); limit > 0 {
		if wait = limit - time.Since(k.startedAt); wait <= 0 {
			return 0, k.expire(Expiry{Seconds: k.limits.TimeoutSeconds})
		}
	}
	if limit := seconds(k.limits.IdleTimeoutSeconds); limit > 0 {
		idle := Expiry{Idle: true, Seconds: k.limits.IdleTimeoutSeconds}
		if k.sampled && k.connected() {
			k.use.Note()
		}
		if k.use.CloseIfIdle(limit, idle.String()) {
			return 0, k.expire(idle)
		}
		wait = min(wait, limit-k.use.Idle())
		if k.sampled {
			wait = min(wait, limit/4, time.Second)
		}
	}
	return max(wait, time.Millisecond), nil
}

func (k *Keeper) expire(expiry Expiry) *Expiry {
	k.over = &expiry
	return k.over
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
