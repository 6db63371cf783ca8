package supervisor

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
)

// reaper collects every process that ends: its own children, and those that lost their parent, as the first process of a PID
// namespace has to. So nothing here may wait for a child by other means.
type reaper struct {
	mutex   sync.Mutex
	started *sync.Cond
	exits   map[int]chan syscall.WaitStatus
}

func newReaper() *reaper {
	r := &reaper{exits: map[int]chan syscall.WaitStatus{}}
	r.started = sync.NewCond(&r.mutex)
	go r.run()
	return r
}

// start starts a program and returns its pid and a channel that yields how it ended.
func (r *reaper) start(command []string, attributes *os.ProcAttr) (int, <-chan syscall.WaitStatus, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	process, err := os.StartProcess(command[0], command, attributes)
	if err != nil {
		return 0, nil, err
	}
	exit := make(chan syscall.WaitStatus, 1)
	r.exits[process.Pid] = exit
	pid := process.Pid
	_ = process.Release()
	r.started.Broadcast()
	return pid, exit, nil
}

func (r *reaper) run() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.ECHILD):
			r.waitForChild()
		case err != nil:
			time.Sleep(time.Millisecond)
		default:
			r.report(pid, status)
		}
	}
}

func (r *reaper) waitForChild() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.exits) == 0 {
		r.started.Wait()
	}
}

func (r *reaper) report(pid int, status syscall.WaitStatus) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if exit, ours := r.exits[pid]; ours {
		exit <- status
		delete(r.exits, pid)
	}
}
