package host

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestRoutesThatCountAsUse(t *testing.T) {
	for route, want := range map[string]bool{
		"10.90.0.0/24":  true,
		"10.90.0.1/32":  true,
		"10.90.0.0/16":  true,
		"10.0.0.0/8":    false,
		"0.0.0.0/0":     false,
		"10.91.0.0/24":  false,
		"10.100.3.0/24": true,
	} {
		_, taken, err := net.ParseCIDR(route)
		if err != nil {
			t.Fatal(err)
		}
		if got := overlapsAny(taken, []string{"10.90.0.0/24", "10.100.0.0/22"}); got != want {
			t.Errorf("%s counts: %v", route, got)
		}
	}
}

func TestKillWaitsUntilTheProcessIsGone(t *testing.T) {
	command := exec.Command("sleep", "infinity")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	process, err := Find(command.Process.Pid)
	if err != nil || !process.Alive() {
		t.Fatalf("%v, alive: %v", err, process.Alive())
	}
	if err := process.Kill(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	if process.Alive() {
		t.Error("it lives on")
	}
	_ = command.Wait()
}

func TestAnotherProcessWithTheSamePidIsNotTheSame(t *testing.T) {
	process, err := Find(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	process.Started--
	if process.Alive() {
		t.Error("a process is taken for one that ended earlier")
	}
}

func TestALockIsHeldByOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Lock(path, func() {})
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan struct{})
	taken := make(chan error)
	go func() {
		second, err := Lock(path, func() { close(waiting) })
		if err == nil {
			err = second.Close()
		}
		taken <- err
	}()
	<-waiting
	select {
	case <-taken:
		t.Fatal("two hold the lock")
	default:
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-taken; err != nil {
		t.Fatal(err)
	}
}

func TestACgroupWeighsAsMuchAsSoManyProcesses(t *testing.T) {
	name := fmt.Sprintf("sandkeep-test-%d", os.Getpid())
	if err := MakeCgroup(name + "/node1"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := RemoveCgroup(name); err != nil {
			t.Error(err)
		}
	})
	if err := WeighCgroup(name, 4); err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]string{"cpu.shares": "4096\n", "cpu.weight": "400\n"} {
		for _, hierarchy := range hierarchies() {
			got, err := os.ReadFile(filepath.Join(hierarchy, name, setting))
			if err == nil && string(got) != want && isUnified(cgroupMount) == (setting == "cpu.weight") {
				t.Errorf("%s is %q instead of %q", setting, got, want)
			}
		}
	}
}
