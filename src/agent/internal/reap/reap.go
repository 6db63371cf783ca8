// Package reap starts every child of this program and collects every zombie, its own children as well as the orphans
// that process 1 inherits.
//
// One loop collects any child whenever SIGCHLD says that there may be one. It does so under the lock that guards the table
// of children, so a process id is never signalled after the kernel may have given it to another process, and a status
// never goes to the wrong owner. Hence nothing else in this program may start processes: not os/exec, nor
// os.StartProcess. No thread waits in the kernel meanwhile: each that does costs the Go scheduler two hand-overs per exit.
//
// It behaves the same when this program is not process 1: then there are just no orphans.
package reap

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Exit is how a child ended.
type Exit struct {
	// Code is its exit code, or 128+n if signal n ended it.
	Code int
	// Signal ended it; 0 if it exited by itself.
	Signal syscall.Signal
}

// Start runs the program at path and calls exited once, from the loop that collects, when it has ended; exited must not
// block. Errors are those of syscall.ForkExec, errnos for what fork, chdir and exec refuse.
func Start(path string, argv []string, attr *syscall.ProcAttr, exited func(Exit)) (pid int, err error) {
	startLoop()
	// One fork at a time, as the syscall package does anyway; so at most one child is not in the table yet.
	forks.Lock()
	defer forks.Unlock()

	mu.Lock()
	early = map[int]Exit{}
	mu.Unlock()

	pid, err = syscall.ForkExec(path, argv, attr)

	mu.Lock()
	exit, over := early[pid]
	early = nil
	if err == nil && !over {
		children[pid] = exited
	}
	mu.Unlock()

	if err == nil && over {
		exited(exit)
	}
	return pid, err
}

// SignalGroup sends a signal to the process group that a child leads. It reports false, and sends nothing, once the
// child has been collected.
func SignalGroup(pid int, sig syscall.Signal) (alive bool, err error) {
	mu.Lock()
	defer mu.Unlock()
	if children[pid] == nil {
		return false, nil
	}
	return true, syscall.Kill(-pid, sig)
}

var (
	forks sync.Mutex

	mu       sync.Mutex
	children = map[int]func(Exit){}
	// early has what was collected while a fork was under way: perhaps the exit of that very child.
	early map[int]Exit

	startLoop = sync.OnceFunc(func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGCHLD)
		go loop(signals)
	})
)

// Orphans makes the loop run although this program has started nothing yet.
func Orphans() { startLoop() }

func loop(signals <-chan os.Signal) {
	for {
		for collect() {
		}
		<-signals
	}
}

// collect takes one zombie, if there is any, and tells its owner.
func collect() bool {
	mu.Lock()
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
	if err != nil || pid == 0 {
		mu.Unlock()
		return false
	}
	exit := exitOf(status)
	exited := children[pid]
	delete(children, pid)
	if exited == nil && early != nil {
		early[pid] = exit
	}
	mu.Unlock()
	if exited != nil {
		exited(exit)
	}
	return true
}

func exitOf(status syscall.WaitStatus) Exit {
	if status.Signaled() {
		return Exit{Code: 128 + int(status.Signal()), Signal: status.Signal()}
	}
	return Exit{Code: status.ExitStatus()}
}
