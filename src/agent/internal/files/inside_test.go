package files_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// insideVariable tells a test that it is the process that inside has started.
const insideVariable = "SANDKEEP_TEST_INSIDE"

// inside runs the calling test once more, in a process with other attributes; it reports whether this is that process.
func inside(t *testing.T, attributes *syscall.SysProcAttr) bool {
	t.Helper()
	if os.Getenv(insideVariable) == t.Name() {
		return true
	}
	if os.Geteuid() != 0 {
		attributes.Cloneflags |= syscall.CLONE_NEWUSER
		attributes.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
		attributes.Credential = nil
	}
	attributes.Pdeathsig = syscall.SIGKILL
	command := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), insideVariable+"="+t.Name())
	command.SysProcAttr = attributes
	command.Dir = "/"
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// ownMounts are those of a process whose mounts nobody else sees.
func ownMounts() *syscall.SysProcAttr { return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS} }

// mountTemporary mounts a file system in memory; inside ownMounts only.
func mountTemporary(t *testing.T, directory, options string) {
	t.Helper()
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", directory, "tmpfs", 0, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(directory, syscall.MNT_DETACH) })
}
