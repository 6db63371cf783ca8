package sandbox

import (
	"os"
	"os/signal"
	"syscall"
	"unsafe"
)

// signals tells that the container is to stop.
type signals <-chan os.Signal

const (
	sigPwr    = syscall.Signal(30)
	sigRTMin1 = syscall.Signal(35)
	sigRTMin3 = syscall.Signal(37)
	sigRTMax  = syscall.Signal(64)
)

// catchSignals keeps signals from ending the agent: to the kernel it handles them, so being process 1 does not protect it.
// They are caught rather than ignored, as processes would inherit that.
func catchSignals() signals {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGWINCH, sigPwr, sigRTMin3)
	ignored := make(chan os.Signal, 1)
	signal.Notify(ignored, syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGABRT, syscall.SIGTRAP, syscall.SIGILL,
		syscall.SIGSYS, syscall.SIGXCPU, syscall.SIGXFSZ, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGSEGV)
	giveBack(uncommon())
	return stop
}

// uncommon are the signals that nobody sends to process 1 by habit. Linux protects it from them if it does not handle them;
// elsewhere (gVisor, a shared process namespace) who sends them could as well send SIGKILL.
func uncommon() []os.Signal {
	all := []os.Signal{syscall.SIGVTALRM, syscall.SIGPROF, syscall.SIGSTKFLT, syscall.SIGIO}
	for number := sigRTMin1; number <= sigRTMax; number++ {
		if number != sigRTMin3 {
			all = append(all, number)
		}
	}
	return all
}

// giveBack leaves signals to the kernel. The Go runtime handles them all, and a fork resets each that is handled by a system
// call of its own: with all of them that is a fifth of what starting a process takes under gVisor.
func giveBack(all []os.Signal) {
	// The runtime lets go only of what it is told to ignore.
	signal.Ignore(all...)
	var byDefault [4]uint64
	for _, each := range all {
		number := uintptr(each.(syscall.Signal))
		_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, number, uintptr(unsafe.Pointer(&byDefault)), 0, unsafe.Sizeof(byDefault[0]), 0, 0)
	}
}
