package host

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process names a process for good: a pid alone may come to mean another one.
type Process struct {
	PID int `json:"pid"`
	// Started is the start time that the kernel reports, in ticks since boot.
	Started uint64 `json:"started"`
}

// Find returns the process that has the pid now.
func Find(pid int) (Process, error) {
	_, started, err := stat(pid)
	return Process{pid, started}, err
}

// Alive tells whether the process still runs; a zombie does not.
func (p Process) Alive() bool {
	state, started, err := stat(p.PID)
	return err == nil && started == p.Started && state != "Z" && state != "X"
}

// Kill ends the process and waits until it is gone. If it is the first of a PID namespace, so are all others of the namespace.
func (p Process) Kill(patience time.Duration) error {
	for deadline := time.Now().Add(patience); p.Alive(); time.Sleep(5 * time.Millisecond) {
		if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("cannot kill process %d: %w", p.PID, err)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d still runs %s after it was killed", p.PID, patience)
		}
	}
	return nil
}

func stat(pid int) (state string, started uint64, err error) {
	body, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0, err
	}
	// The command's name, in parentheses, may hold anything; fields count from 3 behind it (proc_pid_stat(5)).
	fields := strings.Fields(string(body[strings.LastIndexByte(string(body), ')')+1:]))
	if len(fields) < 20 {
		return "", 0, fmt.Errorf("cannot read /proc/%d/stat: %q", pid, body)
	}
	started, err = strconv.ParseUint(fields[19], 10, 64)
	return fields[0], started, err
}
