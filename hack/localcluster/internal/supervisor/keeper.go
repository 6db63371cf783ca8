package supervisor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	healthInterval = 20 * time.Millisecond
	healthTimeout  = time.Second
	firstBackoff   = 100 * time.Millisecond
	mostBackoff    = 5 * time.Second
	// steady is how long a component has to run for its next failure to count as its first.
	steady = 10 * time.Second
	grace  = 2 * time.Second
)

// keeper keeps one component running.
type keeper struct {
	component Component
	reaper    *reaper
	path      string
	logs      string
	prober    *prober

	mutex    sync.Mutex
	pid      int
	started  time.Time
	starts   int
	wanted   bool
	changed  chan struct{}
	lastExit string
}

func newKeeper(component Component, reaper *reaper, spec Spec) *keeper {
	return &keeper{
		component: component, reaper: reaper, path: spec.Path, logs: spec.Logs, prober: newProber(component.Health),
		wanted: true, changed: make(chan struct{}),
	}
}

// run starts the component, and again whenever it ends: at once after a steady run or a wanted restart, else after a growing pause.
func (k *keeper) run() {
	for _, health := range k.component.Awaits {
		await(newProber(health))
	}
	backoff := time.Duration(0)
	for {
		k.waitUntilWanted(backoff)
		started := time.Now()
		pid, exit, err := k.start()
		if err != nil {
			k.note("cannot start: " + err.Error())
		} else {
			k.set(pid, started)
			status := <-exit
			k.set(0, time.Time{})
			k.note(describe(status))
		}
		if time.Since(started) >= steady {
			backoff = 0
		} else {
			backoff = min(max(2*backoff, firstBackoff), mostBackoff)
		}
	}
}

func (k *keeper) start() (int, <-chan syscall.WaitStatus, error) {
	for _, file := range k.component.Removes {
		if err := os.RemoveAll(file); err != nil {
			return 0, nil, err
		}
	}
	log, err := os.OpenFile(filepath.Join(k.logs, k.component.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, nil, err
	}
	defer log.Close()
	return k.reaper.start(k.component.Command, &os.ProcAttr{
		Dir:   "/",
		Env:   []string{"PATH=" + k.path, "HOME=/root", "LANG=C.UTF-8"},
		Files: []*os.File{nil, log, log},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
}

func await(prober *prober) {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
		err := prober.check(ctx)
		cancel()
		if err == nil {
			return
		}
		time.Sleep(healthInterval)
	}
}

func (k *keeper) waitUntilWanted(pause time.Duration) {
	timer := time.After(pause)
	for {
		k.mutex.Lock()
		wanted, changed := k.wanted, k.changed
		k.mutex.Unlock()
		if !wanted {
			<-changed
			timer = time.After(0)
			continue
		}
		select {
		case <-timer:
			return
		case <-changed:
			timer = time.After(0)
		}
	}
}

// want says whether the component shall run, and ends a pause before its next start.
func (k *keeper) want(wanted bool) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.wanted = wanted
	close(k.changed)
	k.changed = make(chan struct{})
}

// end signals the component and waits until it is gone; what outlasts the grace of two seconds is killed.
func (k *keeper) end(signal syscall.Signal) {
	pid := k.status().PID
	if pid == 0 {
		return
	}
	_ = syscall.Kill(pid, signal)
	for deadline := time.Now().Add(grace); k.status().PID == pid; time.Sleep(healthInterval) {
		if time.Now().After(deadline) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func (k *keeper) set(pid int, started time.Time) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.pid, k.started = pid, started
	if pid != 0 {
		k.starts++
	}
}

func (k *keeper) note(exit string) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.lastExit = exit
	fmt.Printf("%s %s: %s\n", time.Now().Format(time.RFC3339), k.component.Name, exit)
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "ended by signal " + status.Signal().String()
	}
	return fmt.Sprintf("ended with exit code %d", status.ExitStatus())
}
