package usage

import (
	"bufio"
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// cgroups are the agent's own, by controller.
type cgroups struct {
	root fs.FS
	// v1 has the directory of each controller, v2 that of all of them; paths as fs.FS has them, empty for none.
	v1 map[string]string
	v2 string
}

// findCgroups looks where the kernel shows them to this process.
func findCgroups(root fs.FS) cgroups {
	own := ownPaths(root)
	found := cgroups{root: root, v1: map[string]string{}}
	for line := range lines(root, "proc/self/mountinfo") {
		mount, ok := parseMount(line)
		switch {
		case !ok:
		case mount.kind == "cgroup2" && found.v2 == "":
			found.v2 = mount.directoryOf(own[""])
		case mount.kind == "cgroup":
			for _, controller := range mount.options {
				if path, known := own[controller]; known && found.v1[controller] == "" {
					found.v1[controller] = mount.directoryOf(path)
				}
			}
		}
	}
	return found
}

// ownPaths reads /proc/self/cgroup: the path by controller, by the empty string for version 2.
func ownPaths(root fs.FS) map[string]string {
	paths := map[string]string{}
	for line := range lines(root, "proc/self/cgroup") {
		if fields := strings.SplitN(line, ":", 3); len(fields) == 3 {
			for controller := range strings.SplitSeq(fields[1], ",") {
				paths[controller] = fields[2]
			}
		}
	}
	return paths
}

// mount is a line of mountinfo (proc(5)), as far as it matters here.
type mount struct {
	// root is the directory of the file system that shows at point.
	root, point string
	kind        string
	options     []string
}

func parseMount(line string) (mount, bool) {
	before, after, found := strings.Cut(line, " - ")
	place, system := strings.Fields(before), strings.Fields(after)
	if !found || len(place) < 5 || len(system) < 3 {
		return mount{}, false
	}
	return mount{root: unescape(place[3]), point: unescape(place[4]), kind: system[0], options: strings.Split(system[2], ",")}, true
}

var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace

// directoryOf is where the cgroup of this path shows: below the mount where that has all cgroups, else the mount itself,
// as a container has it.
func (m mount) directoryOf(cgroup string) string {
	below, found := strings.CutPrefix(cgroup, strings.TrimSuffix(m.root, "/")+"/")
	if !found || slices.Contains(strings.Split(below, "/"), "..") {
		below = ""
	}
	return path.Join(strings.TrimPrefix(m.point, "/"), below)
}

// read gives a file of a controller's cgroup, version 1 or 2, without white space around; nil if there is none.
func (c cgroups) read(controller, name string) []byte {
	directory, isV1 := c.v1[controller]
	if !isV1 {
		directory = c.v2
	}
	if directory == "" {
		return nil
	}
	content, err := fs.ReadFile(c.root, path.Join(directory, name))
	if err != nil {
		return nil
	}
	return bytes.TrimSpace(content)
}

// lines gives the lines of a file, none if it cannot be read.
func lines(root fs.FS, name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		content, _ := fs.ReadFile(root, name)
		for scanner := bufio.NewScanner(bytes.NewReader(content)); scanner.Scan(); {
			if !yield(scanner.Text()) {
				return
			}
		}
	}
}
