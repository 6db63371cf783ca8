package images

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Load pushes an image archive, as `docker save` writes it, into the registry at host:port and returns the name that Pods use for
// it: the given one, else the first that the archive names.
func Load(crane, registry, archive, name string) (string, error) {
	if name == "" {
		var err error
		if name, err = nameIn(archive); err != nil {
			return "", err
		}
	}
	target := registry + "/" + Repository(name)
	if output, err := exec.Command(crane, "push", "--insecure", archive, target).CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot push %s as %s: %w\n%s", archive, target, err, output)
	}
	return name, nil
}

func nameIn(archive string) (string, error) {
	file, err := os.Open(archive)
	if err != nil {
		return "", err
	}
	defer file.Close()
	for reader := tar.NewReader(file); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return "", fmt.Errorf("%s holds no manifest.json, so it is no image archive as `docker save` writes it", archive)
		}
		if err != nil {
			return "", fmt.Errorf("cannot read image archive %s: %w", archive, err)
		}
		if filepath.Clean(header.Name) != "manifest.json" {
			continue
		}
		var manifest []struct{ RepoTags []string }
		if err := json.NewDecoder(reader).Decode(&manifest); err != nil {
			return "", fmt.Errorf("cannot read the manifest of %s: %w", archive, err)
		}
		if len(manifest) == 0 || len(manifest[0].RepoTags) == 0 {
			return "", fmt.Errorf("%s does not name its image; say NAME=%s", archive, archive)
		}
		return manifest[0].RepoTags[0], nil
	}
}
