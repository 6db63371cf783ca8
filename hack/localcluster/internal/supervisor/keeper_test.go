package supervisor

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// One reaper collects all children of the test's process.
var reaperOfTests = newReaper()

func TestAComponentIsStartedAgainWhenItEnds(t *testing.T) {
	k := keep(t, "exec sleep infinity")
	first := awaitStatus(t, k, func(s Status) bool { return s.PID != 0 })
	k.end(syscall.SIGKILL)
	second := awaitStatus(t, k, func(s Status) bool { return s.PID != 0 && s.PID != first.PID })
	if second.Restarts != 1 || second.LastExit != "ended by signal killed" {
		t.Errorf("%+v", second)
	}
}

func TestAComponentThatFailsAtOnceIsStartedMoreAndMoreSeldom(t *testing.T) {
	began := time.Now()
	k := keep(t, "exit 3")
	status := awaitStatus(t, k, func(s Status) bool { return s.Restarts >= 3 })
	if status.LastExit != "ended with exit code 3" {
		t.Errorf("%+v", status)
	}
	if pauses := time.Since(began); status.Restarts == 3 && pauses < (1+2+4)*firstBackoff {
		t.Errorf("the third restart came after %s", pauses)
	}
}

func TestAStoppedComponentStaysDownUntilItIsStarted(t *testing.T) {
	k := keep(t, "exec sleep infinity")
	awaitStatus(t, k, func(s Status) bool { return s.PID != 0 })
	act(k, "stop")
	if status := k.examine(); status.PID != 0 || status.Healthy {
		t.Errorf("stopped, it is %+v", status)
	}
	act(k, "start")
	awaitStatus(t, k, func(s Status) bool { return s.PID != 0 })
}

func TestAComponentThatIgnoresItsSignalIsKilled(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "deaf")
	k := keep(t, "trap '' TERM; touch "+marker+"; while :; do sleep 1; done")
	first := awaitStatus(t, k, func(Status) bool { _, err := os.Stat(marker); return err == nil })
	act(k, "restart")
	awaitStatus(t, k, func(s Status) bool { return s.PID != 0 && s.PID != first.PID })
}

func TestFilesOfAnEarlierRunAreRemovedBeforeTheStart(t *testing.T) {
	folder := t.TempDir()
	socket := filepath.Join(folder, "socket")
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	k := keepComponent(t, Component{Name: "c", Command: []string{"/bin/sh", "-c", "exec sleep infinity"}, Removes: []string{socket}})
	awaitStatus(t, k, func(s Status) bool { return s.PID != 0 })
	if _, err := os.Stat(socket); err == nil {
		t.Error("the file is still there")
	}
}

func keep(t *testing.T, script string) *keeper {
	t.Helper()
	return keepComponent(t, Component{Name: "c", Command: []string{"/bin/sh", "-c", script}})
}

func keepComponent(t *testing.T, component Component) *keeper {
	t.Helper()
	k := newKeeper(component, reaperOfTests, Spec{Path: os.Getenv("PATH"), Logs: t.TempDir()})
	go k.run()
	t.Cleanup(func() { k.want(false); k.end(syscall.SIGKILL) })
	return k
}

func awaitStatus(t *testing.T, k *keeper, holds func(Status) bool) Status {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		status := k.status()
		if holds(status) {
			return status
		}
		if time.Now().After(deadline) {
			t.Fatalf("the component stays %+v", status)
		}
	}
}
