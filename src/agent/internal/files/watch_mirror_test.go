package files_test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mirror is what a client believes to be there, from events alone.
type mirror map[string]bool

func (m mirror) apply(event string) error {
	kind, rest, _ := strings.Cut(event, " ")
	paths := strings.Fields(rest)
	switch {
	case kind == "modify":
	case kind == "create" || strings.HasPrefix(rest, "in "):
		m[paths[len(paths)-1]] = true
	case kind == "delete" || strings.HasPrefix(rest, "out "):
		m.move(paths[len(paths)-1], "")
	case kind == "rename":
		m.move(paths[1], "")
		m.move(paths[0], paths[1])
		m[paths[1]] = true
	default:
		return fmt.Errorf("no event of a mirror: %s", event)
	}
	return nil
}

// move renames a path and what is below; to nothing, it removes them.
func (m mirror) move(from, to string) {
	for path := range maps.Clone(m) {
		if path == from || strings.HasPrefix(path, from+"/") {
			delete(m, path)
			if to != "" {
				m[to+path[len(from):]] = true
			}
		}
	}
}

// shuffle changes a tree at random, and moves things into it and out of it.
func shuffle(random *rand.Rand, inside, outside string, times int) {
	name := func(root string) string {
		path := root
		for range 1 + random.IntN(3) {
			path += fmt.Sprintf("/%c", 'a'+rune(random.IntN(4)))
		}
		return path
	}
	for range times {
		path, other := name(inside), name(inside)
		switch random.IntN(9) {
		case 0:
			_ = os.MkdirAll(path, 0o755)
		case 1:
			_ = os.WriteFile(path, nil, 0o644)
		case 2:
			_ = os.Remove(path)
		case 3:
			_ = os.RemoveAll(path)
		case 4:
			_ = unix.Rename(path, name(outside))
		case 5:
			_ = unix.Rename(name(outside), path)
		case 6:
			_ = os.MkdirAll(name(outside), 0o755)
		default:
			_ = unix.Rename(path, other)
		}
	}
}

func TestWatchesLetAMirrorBeKept(t *testing.T) {
	t.Parallel()
	c := serve(t)
	for seed := range uint64(8) {
		d := t.TempDir()
		inside, outside := d+"/in", d+"/out"
		must(t, os.Mkdir(inside, 0o755), os.Mkdir(outside, 0o755))
		w := c.watch(t, inside, "recursive=true&"+at(inside, ""))
		go func() {
			shuffle(rand.New(rand.NewPCG(seed, 1)), inside, outside, 1_500)
			_ = os.WriteFile(inside+"/end", nil, 0o644)
		}()
		seen := mirror{}
		for !seen["/end"] {
			must(t, seen.apply(w.next()))
		}
		must(t, w.close())
		there := mirror{}
		must(t, filepath.WalkDir(inside, func(path string, _ fs.DirEntry, err error) error {
			if path != inside {
				there[strings.TrimPrefix(path, inside)] = true
			}
			return err
		}))
		if !maps.Equal(seen, there) {
			t.Errorf("seed %d: the mirror has %v, the directory %v", seed, slices.Sorted(maps.Keys(seen)), slices.Sorted(maps.Keys(there)))
		}
	}
}
