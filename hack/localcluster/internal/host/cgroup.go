package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const cgroupMount = "/sys/fs/cgroup"

// MakeCgroup makes a path such as `sandkeep-a/node1` in every cgroup hierarchy, v1 or v2, ready to hold children.
func MakeCgroup(path string) error {
	for _, hierarchy := range hierarchies() {
		at := hierarchy
		for _, part := range strings.Split(path, "/") {
			if err := delegate(at); err != nil {
				return err
			}
			at = filepath.Join(at, part)
			if err := os.Mkdir(at, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("cannot make cgroup %s: %w", at, err)
			}
			if err := inherit(at); err != nil {
				return err
			}
		}
		if err := delegate(at); err != nil {
			return err
		}
	}
	return nil
}

// defaultShares and defaultWeight are what a process outside of all cgroups weighs, in v1 and v2; v2 knows no more than mostWeight.
const (
	defaultShares = 1024
	defaultWeight = 100
	mostWeight    = 10_000
)

// WeighCgroup gives all that is in a cgroup as much of a busy machine's processors as so many processes outside of it have.
func WeighCgroup(path string, processes int) error {
	setting, value := "cpu.shares", processes*defaultShares
	if isUnified(cgroupMount) {
		setting, value = "cpu.weight", min(processes*defaultWeight, mostWeight)
	}
	for _, hierarchy := range hierarchies() {
		at := filepath.Join(hierarchy, path, setting)
		if _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.WriteFile(at, []byte(strconv.Itoa(value)), 0o644); err != nil {
			return fmt.Errorf("cannot set %s of cgroup %s: %w", setting, path, err)
		}
	}
	return nil
}

// RemoveCgroup removes a path and all below it from every hierarchy; processes that are just ending get up to five seconds.
func RemoveCgroup(path string) error {
	for _, hierarchy := range hierarchies() {
		root := filepath.Join(hierarchy, path)
		for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			err := removeTree(root)
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("cannot remove cgroup %s: %w", root, err)
			}
		}
	}
	return nil
}

func removeTree(root string) error {
	var folders []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && entry.IsDir() {
			folders = append(folders, path)
		}
		return err
	})
	for _, folder := range slices.Backward(folders) {
		if err := os.Remove(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// hierarchies returns the one of cgroup v2, or all of v1 and the mixed mode.
func hierarchies() []string {
	if isUnified(cgroupMount) {
		return []string{cgroupMount}
	}
	var folders []string
	entries, _ := os.ReadDir(cgroupMount)
	for _, entry := range entries {
		// Links are second names, such as `cpu` for `cpu,cpuacct`.
		if entry.IsDir() {
			folders = append(folders, filepath.Join(cgroupMount, entry.Name()))
		}
	}
	return folders
}

func isUnified(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "cgroup.controllers"))
	return err == nil
}

// inherit gives a v1 cpuset the CPUs and memory of its parent: a fresh one has none, and holds no process.
func inherit(folder string) error {
	for _, setting := range []string{"cpuset.cpus", "cpuset.mems"} {
		if !strings.HasPrefix(folder, filepath.Join(cgroupMount, "cpuset")+"/") {
			return nil
		}
		value, err := os.ReadFile(filepath.Join(filepath.Dir(folder), setting))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, setting), value, 0o644); err != nil {
			return fmt.Errorf("cannot set %s of cgroup %s: %w", setting, folder, err)
		}
	}
	return nil
}

// delegate lets the children of a v2 cgroup use all controllers that it has. Those that a kubelet cannot do without have to work.
func delegate(folder string) error {
	available, err := os.ReadFile(filepath.Join(folder, "cgroup.controllers"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	setting := filepath.Join(folder, "cgroup.subtree_control")
	enabled, err := os.ReadFile(setting)
	if err != nil {
		return err
	}
	for _, controller := range strings.Fields(string(available)) {
		if slices.Contains(strings.Fields(string(enabled)), controller) {
			continue
		}
		err := os.WriteFile(setting, []byte("+"+controller), 0o644)
		if err != nil && slices.Contains([]string{"cpu", "memory", "pids"}, controller) {
			return fmt.Errorf("cannot delegate %s of cgroup %s; run where this machine's cgroups may be changed: %w", controller, folder, err)
		}
	}
	return nil
}
