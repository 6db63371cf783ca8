package files

import "golang.org/x/sys/unix"

// Pseudo reports whether an open directory belongs to a file system that only shows the state of the system, such as /proc.
// What walks whole trees leaves those out.
func Pseudo(directory int) bool {
	var stat unix.Statfs_t
	if unix.Fstatfs(directory, &stat) != nil {
		return false
	}
	switch stat.Type {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.DEBUGFS_MAGIC,
		unix.TRACEFS_MAGIC, unix.SECURITYFS_MAGIC, unix.BPF_FS_MAGIC, unix.DEVPTS_SUPER_MAGIC:
		return true
	}
	return false
}
