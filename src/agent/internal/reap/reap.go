// Package reap starts every child of this program and collects every zombie, its own children as well as the orphans
// that process 1 inherits.
//
// One loop waits for any child. It looks without collecting (WNOWAIT), then collects under the lock that guards the
// table of children, so a process id is never signalled after the kernel may have given it to another process, and a
// status never goes to the wrong owner. Hence nothing else in this program may start processes: not os/exec, nor
// os.StartProcess.
//
// It behaves the same when this program is not process 1: then there are just no orphans.
package reap

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"unsafe"
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

	if err == nil {
		look()
		if over {
			exited(exit)
		}
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

	// news wakes a loop that had no child to wait for: a fork, or an orphan that ended.
	news      = make(chan os.Signal, 1)
	startLoop = sync.OnceFunc(func() { go loop() })
)

// Orphans makes the loop run although this program has started nothing yet.
func Orphans() { startLoop() }

func look() {
	select {
	case news <- syscall.SIGCHLD:
	default:
	}
}

func loop() {
	for {
		pid, err := ended()
		switch err {
		case nil:
			collect(pid)
		case syscall.EINTR:
		default:
			awaitNews()
		}
	}
}

// awaitNews returns when there may be a child again. Only meanwhile do signals come as news: while there are children,
// waitid tells the same without waking anything else.
func awaitNews() {
	signal.Notify(news, syscall.SIGCHLD)
	defer signal.Stop(news)
	// A child that came and ended before that has sent its signal to nobody.
	if anyChild() {
		return
	}
	<-news
}

// ended blocks until a child is a zombie and leaves it one. With no children at all it fails with ECHILD.
func ended() (pid int, err error) {
	var info [128]byte
	if errno := waitid(&info, 0); errno != 0 {
		return 0, errno
	}
	return int(*(*int32)(unsafe.Pointer(&info[pidOffset]))), nil
}

func anyChild() bool {
	var info [128]byte
	return waitid(&info, syscall.WNOHANG) != syscall.ECHILD
}

func waitid(info *[128]byte, options uintptr) syscall.Errno {
	const pAll, wExited, wNoWait = 0, 0x4, 0x1000000
	_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pAll, 0, uintptr(unsafe.Pointer(info)), wExited|wNoWait|options, 0, 0)
	return errno
}

// pidOffset is where siginfo_t has si_pid: after three ints and padding to a pointer.
const pidOffset = 12 + 12%unsafe.Sizeof(uintptr(0))

func collect(pid int) {
	mu.Lock()
	var status syscall.WaitStatus
	got, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
	if err != nil || got != pid {
		mu.Unlock()
		return
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
}

func exitOf(status syscall.WaitStatus) Exit {
	if status.Signaled() {
		return Exit{Code: 128 + int(status.Signal()), Signal: status.Signal()}
	}
	return Exit{Code: status.ExitStatus()}
}
