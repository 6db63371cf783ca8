// Package install copies the agent to where a sandbox's container will find it.
package install

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// To copies this program to DIRECTORY/agent, executable for everybody: there is the whole of it or none.
func To(directory string) error {
	target := filepath.Join(directory, "agent")
	if err := copyTo(directory, target); err != nil {
		return fmt.Errorf("cannot install the agent as %s: %w", target, err)
	}
	return nil
}

func copyTo(directory, target string) error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	file, err := os.CreateTemp(directory, ".agent-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := io.Copy(file, self); err != nil {
		return err
	}
	if err := file.Chmod(0o755); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), target)
}
