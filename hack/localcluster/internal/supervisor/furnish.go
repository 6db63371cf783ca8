package supervisor

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// furnish makes the node's mounts and kernel settings; the host sees none of them.
func furnish(spec Spec) error {
	if err := mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	// Shared again among the node's own namespaces, as Pods with mount propagation need it.
	if err := mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return err
	}
	if err := mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return err
	}
	if err := mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return err
	}
	for _, bind := range spec.Binds {
		for _, folder := range []string{bind.From, bind.To} {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
		}
		if err := mount(bind.From, bind.To, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	for _, sysctl := range spec.Sysctls {
		if err := os.WriteFile(filepath.Join("/proc/sys", sysctl.Path), []byte(sysctl.Value), 0o644); err != nil {
			return fmt.Errorf("cannot set %s to %s: %w", sysctl.Path, sysctl.Value, err)
		}
	}
	return nil
}

func mount(source, target, kind string, flags uintptr, data string) error {
	if err := unix.Mount(source, target, kind, flags, data); err != nil {
		return fmt.Errorf("cannot mount %s %s on %s: %w", kind, source, target, err)
	}
	return nil
}
