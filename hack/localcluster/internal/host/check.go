package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// needed are programs of Debian packages that clusters use as they are.
var needed = []string{"ip", "nft", "iptables", "conntrack", "nsenter", "gcc", "mmdebstrap", "/bin/busybox", "/usr/lib/cni/ptp"}

// Check returns an error that names each thing that keeps this machine from running a cluster.
func Check() error {
	var unmet []error
	if runtime.GOOS != "linux" {
		unmet = append(unmet, errors.New("Linux is needed; use a virtual machine"))
	}
	if os.Geteuid() != 0 {
		unmet = append(unmet, errors.New("root is needed, for namespaces, mounts and network devices; use sudo"))
	}
	var missing []string
	for _, program := range needed {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program)
		}
	}
	if len(missing) > 0 {
		unmet = append(unmet, fmt.Errorf("%s is missing; hack/prerequisites installs it", strings.Join(missing, ", ")))
	}
	if len(unmet) > 0 {
		return fmt.Errorf("this machine cannot run a cluster:\n%w", errors.Join(unmet...))
	}
	return nil
}
