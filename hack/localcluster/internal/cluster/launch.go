package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"sandkeep.dev/localcluster/internal/host"
)

// podsWeight is what the Pods of a cluster weigh, in processes: on a node, too, they weigh twice as much as its daemons, which are one
// group there. Here each of their threads counts, so that Pods that weigh as much as one of them, gateway and operator among them,
// would stand still while others start.
func podsWeight() int { return 2 * runtime.NumCPU() }

// launch starts a node's supervisor in network, mount and PID namespaces of its own, cables it, and lets it go ahead. If the caller
// dies before that, the supervisor gives up.
func (c *Cluster) launch(number int) error {
	machine := c.machine(number)
	if err := os.MkdirAll(machine.Folder, 0o755); err != nil {
		return err
	}
	if c.Nodes > 0 {
		if err := host.MakeCgroup(machine.Cgroup()); err != nil {
			return err
		}
		if err := host.WeighCgroup(machine.ClusterCgroup(), podsWeight()); err != nil {
			return err
		}
	}
	spec, err := machine.Spec()
	if err != nil {
		return err
	}
	path := filepath.Join(machine.Folder, "supervisor.json")
	if err := spec.Write(path); err != nil {
		return err
	}
	process, goAhead, err := supervise(path, filepath.Join(spec.Logs, "supervisor.log"))
	if err != nil {
		return fmt.Errorf("cannot start %s: %w", machine.Name(), err)
	}
	defer goAhead.Close()
	c.Supervisors = append(c.Supervisors, process)
	if err := c.save(); err != nil {
		return err
	}
	if err := c.cable(number, process.PID); err != nil {
		return err
	}
	_, err = goAhead.Write([]byte{1})
	return err
}

func supervise(spec, log string) (host.Process, *os.File, error) {
	self, err := os.Executable()
	if err != nil {
		return host.Process{}, nil, err
	}
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return host.Process{}, nil, err
	}
	defer output.Close()
	receiver, goAhead, err := os.Pipe()
	if err != nil {
		return host.Process{}, nil, err
	}
	defer receiver.Close()
	command := exec.Command(self, "supervise", spec)
	command.Dir = "/"
	command.Stdout, command.Stderr = output, output
	command.ExtraFiles = []*os.File{receiver}
	command.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
	}
	if err := command.Start(); err != nil {
		return host.Process{}, goAhead, err
	}
	process, err := host.Find(command.Process.Pid)
	return process, goAhead, err
}
