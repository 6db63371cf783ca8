package images

import "testing"

func TestRepositoryIsWhereAMirrorOfEveryRegistryKeepsAnImage(t *testing.T) {
	for name, want := range map[string]string{
		"python:3.11-slim":                   "library/python:3.11-slim",
		"busybox":                            "library/busybox:latest",
		"docker.io/busybox:stable":           "library/busybox:stable",
		"docker.io/library/busybox:stable":   "library/busybox:stable",
		"acme/tool:1":                        "acme/tool:1",
		"ghcr.io/acme/tool:1":                "acme/tool:1",
		"registry.k8s.io/pause:3":            "pause:3",
		"localhost/tool":                     "tool:latest",
		"registry.example.com:5000/a/b/c:v1": "a/b/c:v1",
	} {
		if got := Repository(name); got != want {
			t.Errorf("%s is kept as %s, not %s", name, got, want)
		}
	}
}
