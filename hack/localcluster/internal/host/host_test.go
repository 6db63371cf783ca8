package host

import (
	"errors"
	"fmt"
	"io/fs"
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
	setting, want := "cpu.shares", "4096\n"
	if isUnified(cgroupMount) {
		setting, want = "cpu.weight", "400\n"
	}
	found := 0
	for _, hierarchy := range hierarchies() {
		got, err := os.ReadFile(filepath.Join(hierarchy, name, setting))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		found++
		if string(got) != want {
			t.Errorf("%s is %q instead of %q: %v", setting, got, want, err)
		}
	}
	if found != 1 {
		t.Errorf("%d hierarchies have %s", found, setting)
	}
}
