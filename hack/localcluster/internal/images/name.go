// Package images makes the stand-in images and puts images into a cluster's registry.
package images

import "strings"

// Repository is the path under which a registry that mirrors every other keeps an image: `python:3.11-slim` is
// `library/python:3.11-slim`, `ghcr.io/a/b:1` is `a/b:1`. Without a tag it is `latest`.
func Repository(name string) string {
	first, rest, found := strings.Cut(name, "/")
	switch {
	case !found:
		name = "library/" + name
	case strings.ContainsAny(first, ".:") || first == "localhost":
		name = rest
		if first == "docker.io" && !strings.Contains(rest, "/") {
			name = "library/" + rest
		}
	}
	if !strings.Contains(name[strings.LastIndex(name, "/")+1:], ":") {
		name += ":latest"
	}
	return name
}
