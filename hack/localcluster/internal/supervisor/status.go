package supervisor

import (
	"context"
	"time"
)

// Status is what a supervisor knows of a component.
type Status struct {
	Component string `json:"component"`
	// PID is the component's process, seen from inside the node; 0 while it does not run.
	PID      int `json:"pid"`
	Restarts int `json:"restarts"`
	// UptimeMilliseconds counts from the latest start.
	UptimeMilliseconds int64  `json:"uptimeMilliseconds"`
	Healthy            bool   `json:"healthy"`
	Problem            string `json:"problem,omitempty"`
	LastExit           string `json:"lastExit,omitempty"`
}

func (k *keeper) status() Status {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	status := Status{Component: k.component.Name, PID: k.pid, Restarts: max(0, k.starts-1), LastExit: k.lastExit}
	if k.pid != 0 {
		status.UptimeMilliseconds = time.Since(k.started).Milliseconds()
	}
	return status
}

// examine is status with a fresh look at the component's health.
func (k *keeper) examine() Status {
	status := k.status()
	if status.PID == 0 {
		status.Problem = "does not run"
		return status
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	if err := k.prober.check(ctx); err != nil {
		status.Problem = err.Error()
		return status
	}
	status.Healthy = true
	return status
}
