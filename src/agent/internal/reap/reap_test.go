package reap

import (
	"os"
	"strconv"
	"syscall"
	"testing"
)

func TestEveryChildsExitGoesToItsOwner(t *testing.T) {
	t.Parallel()
	type result struct {
		want int
		got  Exit
	}
	results := make(chan result)
	const at, each = 8, 50
	for worker := range at {
		go func() {
			for i := range each {
				want := (worker*each + i) % 256
				exits := make(chan Exit, 1)
				if err := startShell("exit $0", want, exits); err != nil {
					t.Error(err)
				}
				results <- result{want, <-exits}
			}
		}()
	}
	for range at * each {
		if r := <-results; r.got != (Exit{Code: r.want}) {
			t.Errorf("exit %+v, want %d", r.got, r.want)
		}
	}
}

func TestAFailedStartHasNoExit(t *testing.T) {
	t.Parallel()
	for range 50 {
		_, err := Start("/nowhere", []string{"x"}, &syscall.ProcAttr{}, func(e Exit) { t.Errorf("exit %+v", e) })
		if err != syscall.ENOENT {
			t.Errorf("error %v, want ENOENT", err)
		}
	}
}

func TestSignalsGoToTheGroupUntilItsLeaderIsCollected(t *testing.T) {
	t.Parallel()
	exits := make(chan Exit, 1)
	pid, err := Start("/bin/sleep", []string{"sleep", "100"}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Setsid: true}}, func(e Exit) { exits <- e })
	if err != nil {
		t.Fatal(err)
	}
	if alive, err := SignalGroup(pid, syscall.SIGTERM); !alive || err != nil {
		t.Errorf("alive %v, %v", alive, err)
	}
	if exit := <-exits; exit != (Exit{Code: 143, Signal: syscall.SIGTERM}) {
		t.Errorf("exit %+v", exit)
	}
	if alive, _ := SignalGroup(pid, 0); alive {
		t.Error("a collected child counts as alive")
	}
	if alive, _ := SignalGroup(os.Getppid(), 0); alive {
		t.Error("a process that is no child counts as alive")
	}
}

func startShell(script string, code int, exits chan<- Exit) error {
	argv := []string{"sh", "-c", script, strconv.Itoa(code)}
	_, err := Start("/bin/sh", argv, &syscall.ProcAttr{}, func(e Exit) { exits <- e })
	return err
}
