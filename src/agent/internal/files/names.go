package files

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// names are what users and groups are called in the sandbox, as its files said when they were looked at.
type names struct{ users, groups table }

// table is the names of ids.
type table map[uint32]string

func (t table) of(id uint32) string {
	if name, known := t[id]; known {
		return name
	}
	return strconv.FormatUint(uint64(id), 10)
}

var (
	users  = database{path: "/etc/passwd"}
	groups = database{path: "/etc/group"}
)

func namesNow() names { return names{users.now(), groups.now()} }

// maxDatabase is how much of a database is read: the sandbox writes it, the agent has to keep it.
const maxDatabase = 1 << 20

// database is a file of lines name:password:id:…, read again whenever it has changed.
type database struct {
	path string

	mu   sync.Mutex
	seen unix.Stat_t
	ids  table
}

func (d *database) now() table {
	var stat unix.Stat_t
	if unix.Stat(d.path, &stat) != nil || stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if stat.Ino != d.seen.Ino || stat.Dev != d.seen.Dev || stat.Ctim != d.seen.Ctim || stat.Size != d.seen.Size {
		d.ids, d.seen = readTable(d.path), stat
	}
	return d.ids
}

func readTable(path string) table {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxDatabase))
	if err != nil {
		return nil
	}
	ids := table{}
	for line := range bytes.Lines(text) {
		fields := bytes.SplitN(line, []byte(":"), 4)
		if len(fields) < 4 {
			continue
		}
		id, err := strconv.ParseUint(string(fields[2]), 10, 32)
		if _, taken := ids[uint32(id)]; err == nil && !taken {
			ids[uint32(id)] = string(fields[0])
		}
	}
	return ids
}
