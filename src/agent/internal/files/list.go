package files

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// batch is how many names are taken from the system at a time.
const batch = 1024

// List describes the entries of a directory, sorted by the bytes of their names: at most limit of those that come after the
// name after. A link to a directory is followed, those in it are described. Entries that vanish meanwhile are left out. It
// reports the name to go on after, empty at the end. Memory is bounded by limit, whatever the directory has.
func List(path, after string, limit int, each func(Info) error) (next string, err error) {
	directory, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", Refuse("list", path, err)
	}
	defer directory.Close()
	entries, more, err := firstAfter(directory, after, limit)
	if err != nil {
		return "", Refuse("list", path, err)
	}
	prefix, names := strings.TrimRight(path, "/")+"/", namesNow()
	for _, name := range entries {
		info, err := describe(int(directory.Fd()), name, prefix+name, names)
		switch {
		case errors.Is(err, unix.ENOENT):
			continue
		case err != nil:
			return "", Refuse("list", path, err)
		}
		if err := each(info); err != nil {
			return "", err
		}
	}
	if !more {
		return "", nil
	}
	return entries[len(entries)-1], nil
}

// firstAfter gives the first names of a directory that come after a name, and whether there are more.
func firstAfter(directory *os.File, after string, limit int) (names []string, more bool, err error) {
	keepFirst := func() {
		slices.Sort(names)
		if len(names) > limit {
			clear(names[limit:])
			names, more = names[:limit], true
		}
	}
	for {
		some, err := directory.Readdirnames(batch)
		for _, name := range some {
			if name > after {
				names = append(names, name)
			}
		}
		if len(names) > 2*limit+batch {
			keepFirst()
		}
		if errors.Is(err, io.EOF) {
			keepFirst()
			return names, more, nil
		} else if err != nil {
			return nil, false, err
		}
	}
}
