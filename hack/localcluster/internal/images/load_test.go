package images

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNameInReadsTheFirstTagOfAnArchive(t *testing.T) {
	for name, row := range map[string]struct{ files, want, problem string }{
		"named":       {`manifest.json=[{"RepoTags":["sandkeep:1","sandkeep:2"]}]`, "sandkeep:1", ""},
		"unnamed":     {`manifest.json=[{"RepoTags":null}]`, "", "does not name its image; say NAME="},
		"no manifest": {`index.json={}`, "", "holds no manifest.json"},
		"no JSON":     {`manifest.json=?`, "", "cannot read the manifest"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := nameIn(archiveOf(t, row.files))
			if got != row.want || (err == nil) != (row.problem == "") || err != nil && !strings.Contains(err.Error(), row.problem) {
				t.Errorf("got %q and %v", got, err)
			}
		})
	}
}

func archiveOf(t *testing.T, file string) string {
	t.Helper()
	name, body, _ := strings.Cut(file, "=")
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	if err := writer.WriteHeader(&tar.Header{Name: name, Size: int64(len(body)), Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(path, archive.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
