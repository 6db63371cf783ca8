package sandbox

import (
	"os"
	"os/signal"
	"syscall"
)

// signals tells that the container is to stop.
type signals <-chan os.Signal

const (
	sigPwr    = syscall.Signal(30)
	sigRTMin3 = syscall.Signal(37)
)

// catchSignals keeps signals from ending the agent: to the kernel it handles them all, so being process 1 does not protect it.
// They are caught rather than ignored, as processes would inherit that.
func catchSignals() signals {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGWINCH, sigPwr, sigRTMin3)
	ignored := make(chan os.Signal, 1)
	signal.Notify(ignored, syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGVTALRM, syscall.SIGPROF,
		syscall.SIGABRT, syscall.SIGTRAP, syscall.SIGILL, syscall.SIGSYS, syscall.SIGSTKFLT, syscall.SIGXCPU, syscall.SIGXFSZ, syscall.SIGIO,
		syscall.SIGBUS, syscall.SIGFPE, syscall.SIGSEGV)
	return stop
}
