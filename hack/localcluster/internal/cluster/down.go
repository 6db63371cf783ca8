package cluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sandkeep.dev/localcluster/internal/host"
	"sandkeep.dev/localcluster/internal/layout"
)

// Down ends a cluster and removes all that it left on this machine; it also clears up after one whose supervisor died.
// It returns false when there was none.
func Down(cache, name string) (bool, error) {
	folder, err := layout.Cluster(cache, name)
	if err != nil {
		return false, err
	}
	lock, err := lockCluster(cache, name)
	if err != nil {
		return false, err
	}
	defer lock.Close()
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return true, clear(cache, name)
}

// clear is Down for a caller that holds the cluster's lock.
func clear(cache, name string) error {
	folder, err := layout.Cluster(cache, name)
	if err != nil {
		return err
	}
	cluster, err := Load(cache, name)
	if errors.Is(err, fs.ErrNotExist) {
		return os.RemoveAll(folder)
	}
	if err != nil {
		return err
	}
	// A node's mounts, rules and processes end with its first process.
	for _, supervisor := range cluster.Supervisors {
		if err := supervisor.Kill(10 * time.Second); err != nil {
			return err
		}
	}
	if err := cluster.releaseAddresses(); err != nil {
		return err
	}
	if err := host.RemoveCgroup(cluster.machine(1).ClusterCgroup()); err != nil {
		return err
	}
	return os.RemoveAll(folder)
}

func lockCluster(cache, name string) (*os.File, error) {
	return host.Lock(filepath.Join(layout.Clusters(cache), "."+name+".lock"), func() {})
}
