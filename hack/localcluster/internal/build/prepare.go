package build

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// prepare returns the folder to build in and the flags for it. Only a module with an overlay needs a copy: Go refuses to replace
// files of its module cache, but not vendored ones.
func (b Builder) prepare(m module, work string) (string, []string, error) {
	source := filepath.Join(b.Root, m.folder)
	var flags []string
	if m.tags != "" {
		flags = append(flags, "-tags="+m.tags)
	}
	if m.overlay == nil {
		return source, append(flags, "-mod=readonly"), nil
	}
	copied := filepath.Join(work, "source")
	if err := os.CopyFS(copied, os.DirFS(source)); err != nil {
		return "", nil, err
	}
	if err := b.run(copied, false, "go", "mod", "vendor"); err != nil {
		return "", nil, err
	}
	replace := map[string]string{}
	for from, to := range m.overlay {
		replace[filepath.Join(copied, from)] = filepath.Join(copied, to)
	}
	body, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", nil, err
	}
	overlay := filepath.Join(work, "overlay.json")
	return copied, append(flags, "-mod=vendor", "-overlay="+overlay), os.WriteFile(overlay, body, 0o644)
}
