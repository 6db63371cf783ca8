package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// needed are programs of Debian packages that clusters are built or run with.
var needed = []string{
	"bzip2", "conntrack", "curl", "gcc", "ip", "iptables", "make", "mmdebstrap", "musl-gcc", "nft", "nsenter", "pkg-config", "tar",
	"/bin/busybox", "/usr/lib/cni/host-local", "/usr/lib/cni/portmap", "/usr/lib/cni/ptp",
}

// Require makes sure that this machine can run clusters: where only programs are missing, it runs install once. Its error names
// each thing that stands in the way.
func Require(install string) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("clusters need Linux, this is %s: use a virtual machine, or --driver kind", runtime.GOOS)
	}
	if os.Geteuid() != 0 {
		return errors.New("clusters need root, for namespaces, mounts and network devices: use sudo")
	}
	if len(missing()) == 0 {
		return nil
	}
	command := exec.Command(install)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	err := command.Run()
	if programs := missing(); len(programs) > 0 {
		return errors.Join(fmt.Errorf("clusters need %s, which %s did not install", strings.Join(programs, ", "), filepath.Base(install)), err)
	}
	return nil
}

func missing() []string {
	var programs []string
	for _, program := range needed {
		if _, err := exec.LookPath(program); err != nil {
			programs = append(programs, program)
		}
	}
	return programs
}

// RequireSpace returns an error when the file system of an existing folder has less free space than that many GB.
func RequireSpace(folder string, gigabytes uint64) error {
	var stat unix.Statfs_t
	if err := unix.Statfs(folder, &stat); err != nil {
		return err
	}
	if free := stat.Bavail * uint64(stat.Bsize) / 1e9; free < gigabytes {
		return fmt.Errorf("%s has %d GB free and %d are needed: free some, or choose another place (SANDKEEP_CACHE, GOCACHE, GOMODCACHE)", folder, free, gigabytes)
	}
	return nil
}
