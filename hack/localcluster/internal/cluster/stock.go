package cluster

import (
	"io/fs"
	"os"
	"path/filepath"

	"sandkeep.dev/localcluster/internal/components"
)

// stock fills the cluster's registry with the images of a prepared storage folder. Files are linked, not copied: the registry
// replaces and removes files, but never writes into one that is there.
func (c Cluster) stock(storage string) error {
	if c.Nodes == 0 {
		return nil
	}
	target := filepath.Join(c.machine(1).Folder, components.RegistryStorage)
	return filepath.WalkDir(storage, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(storage, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(target, name), 0o755)
		}
		return os.Link(path, filepath.Join(target, name))
	})
}
