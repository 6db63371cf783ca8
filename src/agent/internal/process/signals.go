package process

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The real-time signals as programs see them: the C libraries keep the first two of the kernel's for themselves.
const rtMin, rtMax = 34, 64

// signalNumber knows SIGHUP to SIGSYS, SIGRTMIN, SIGRTMAX, SIGRTMIN+n and SIGRTMAX-n.
func signalNumber(name string) (syscall.Signal, bool) {
	if number := unix.SignalNum(name); number != 0 {
		return number, true
	}
	for prefix, base := range map[string]int{"SIGRTMIN": rtMin, "SIGRTMAX": rtMax} {
		offset, found := strings.CutPrefix(name, prefix)
		if !found {
			continue
		}
		n := 0
		if offset != "" {
			var err error
			if n, err = strconv.Atoi(offset); err != nil {
				return 0, false
			}
		}
		number := base + n
		return syscall.Signal(number), number >= rtMin && number <= rtMax
	}
	return 0, false
}

func signalName(number syscall.Signal) string {
	if name := unix.SignalName(number); name != "" {
		return name
	}
	if number == rtMin {
		return "SIGRTMIN"
	}
	return fmt.Sprintf("SIGRTMIN+%d", int(number)-rtMin)
}
