// Package layout says where the local cluster keeps what it builds and runs.
package layout

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

var clusterName = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$`)

// Cache returns $SANDKEEP_CACHE, else the folder `sandkeep` of the user's cache.
func Cache() (string, error) {
	if folder := os.Getenv("SANDKEEP_CACHE"); folder != "" {
		return filepath.Abs(folder)
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("cannot tell the cache folder, set SANDKEEP_CACHE: %w", err)
	}
	return filepath.Join(folder, "sandkeep"), nil
}

// Binaries is the folder of everything built from Go modules.
func Binaries(cache string) string { return filepath.Join(cache, "bin") }

// Images is the folder of the stand-in images.
func Images(cache string) string { return filepath.Join(cache, "stand-ins") }

// Clusters is the folder that holds one folder per cluster.
func Clusters(cache string) string { return filepath.Join(cache, "clusters") }

// Cluster is the folder of one cluster; it fails for a name that cannot be part of a path, device or cgroup.
func Cluster(cache, name string) (string, error) {
	if !clusterName.MatchString(name) {
		return "", fmt.Errorf("%q cannot name a cluster: use up to 30 of a-z, 0-9 and -, starting with a letter", name)
	}
	return filepath.Join(Clusters(cache), name), nil
}
