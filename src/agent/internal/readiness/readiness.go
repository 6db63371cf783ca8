// Package readiness finds out from inside a sandbox when it is ready, by a TCP connection or a command.
//
// A probe is tried at its interval (default 100 ms), first at once, until it succeeds or its timeout (default 300 s) is
// over. Then the sandbox lives on and the state stays failed. TCP succeeds when a connection to the port opens at
// 127.0.0.1, ::1 or an address of the container, so that a server on any one of them counts. A command succeeds with exit
// code 0; it gets the container's environment and no input, and what it writes is lost. A single attempt may take 10 s,
// after which it is given up, and a command killed with its group.
package readiness

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sandkeep.dev/agent/internal/process"
)

// Probe says what to check. Exactly one of TCP and Exec is set.
type Probe struct {
	TCP                  *TCP  `json:"tcp,omitempty"`
	Exec                 *Exec `json:"exec,omitempty"`
	IntervalMilliseconds int64 `json:"intervalMilliseconds,omitempty"`
	TimeoutSeconds       int64 `json:"timeoutSeconds,omitempty"`
}

// TCP is a port that must accept connections.
type TCP struct {
	Port uint16 `json:"port"`
}

// Exec is a command that must exit with 0.
type Exec struct {
	Command []string `json:"command"`
}

const (
	defaultInterval = 100 * time.Millisecond
	defaultTimeout  = 300 * time.Second
	mostPerAttempt  = 10 * time.Second
)

// State is what is known about readiness.
type State struct {
	// State is none without a probe, else pending until it is ready or failed.
	State    string `json:"state"`
	ReadyAt  string `json:"readyAt,omitempty"`
	Attempts int    `json:"attempts"`
	// Message says why the last attempt failed.
	Message string `json:"message"`
}

// Check tries one probe.
type Check struct {
	decided chan struct{}

	mu    sync.Mutex
	state State
}

// Validate refuses a probe that cannot be tried.
func (p *Probe) Validate() error {
	switch {
	case (p.TCP == nil) == (p.Exec == nil):
		return errors.New("readiness must have exactly one of tcp and exec")
	case p.TCP != nil && p.TCP.Port == 0:
		return errors.New("readiness.tcp.port must be from 1 to 65535")
	case p.Exec != nil && len(p.Exec.Command) == 0:
		return errors.New("readiness.exec.command must not be empty")
	case p.IntervalMilliseconds < 0 || p.TimeoutSeconds < 0:
		return errors.New("readiness.intervalMilliseconds and timeoutSeconds must be positive")
	}
	return nil
}

// Start tries the probe in the background until it is decided or ctx, the sandbox's, ends. Without a probe there is nothing to decide.
func Start(ctx context.Context, probe *Probe) *Check {
	c := &Check{decided: make(chan struct{}), state: State{State: "pending"}}
	if probe == nil {
		c.state.State = "none"
		close(c.decided)
		return c
	}
	go c.run(ctx, *probe)
	return c
}

// Wait answers as soon as it is decided, or with what is known when the wait or ctx is over.
func (c *Check) Wait(ctx context.Context, wait time.Duration) State {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-c.decided:
	case <-timer.C:
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

func (c *Check) run(sandbox context.Context, probe Probe) {
	timeout := orDefault(time.Duration(probe.TimeoutSeconds)*time.Second, defaultTimeout)
	ctx, cancel := context.WithTimeout(sandbox, timeout)
	defer cancel()
	defer close(c.decided)
	ticker := time.NewTicker(orDefault(time.Duration(probe.IntervalMilliseconds)*time.Millisecond, defaultInterval))
	defer ticker.Stop()
	for {
		err := probe.try(ctx)
		if ctx.Err() != nil && err != nil {
			break
		}
		c.tried(err)
		if err == nil {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.State = "failed"
	if sandbox.Err() != nil {
		c.state.Message = "the sandbox ended before it was ready: " + c.state.Message
		return
	}
	c.state.Message = fmt.Sprintf("not ready after %v: %s", timeout, c.state.Message)
}

func (c *Check) tried(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.Attempts++
	if err != nil {
		c.state.Message = err.Error()
		return
	}
	c.state.State, c.state.ReadyAt, c.state.Message = "ready", process.Timestamp(time.Now()), ""
}

func (p *Probe) try(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, mostPerAttempt)
	defer cancel()
	if p.TCP != nil {
		return dialAny(ctx, p.TCP.Port)
	}
	code, err := process.Run(ctx, p.Exec.Command)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%.80q did not end within %v", p.Exec.Command[0], mostPerAttempt)
	}
	if err == nil && code != 0 {
		return fmt.Errorf("%.80q exited with code %d", p.Exec.Command[0], code)
	}
	return err
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}
