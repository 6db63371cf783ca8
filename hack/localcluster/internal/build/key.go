package build

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// key is a hash over all that decides what the module's programs become: pins, flags, sources and the toolchain.
func (m module) key(root, goVersion string) (string, error) {
	hash := sha256.New()
	m.describe(func(text string) { fmt.Fprintf(hash, "%q\n", text) })
	fmt.Fprintf(hash, "%q %q\n", goVersion, runtime.GOARCH)
	err := filepath.WalkDir(filepath.Join(root, m.folder), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		fmt.Fprintf(hash, "%q %x\n", name, sha256.Sum256(body))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("cannot hash module %s: %w", m.name, err)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}

func (m module) describe(write func(string)) {
	write(fmt.Sprint(m.name, m.cgo, m.tags, m.ldflags, m.overlay))
	for _, program := range m.programs {
		write(program.name + " " + program.pkg)
	}
}
