// Package process runs processes and keeps what they wrote, so that clients may come and go.
//
// A process is started from an argument vector, never through a shell, in a session and process group of its own, with
// the container's environment and the request's on top. Its output is always drained into spools (package spool), its
// input is written at offsets, and nothing but itself, its timeout or a signal ends it.
//
// It counts as exited once it has been collected and everything that it wrote itself has been moved from its pipes to
// its spools. A process that it left behind may hold the pipes open for longer: that delays nothing. Readers that have
// caught up end when the process has exited; what comes later is in the spool for who asks again from there, until the
// last holder closes the pipe.
//
// Limits and defaults:
//
//	processes at once       1,024
//	records after the exit  1,024, for an hour, with 8 MiB of commands and small outputs and 1 GiB of spool files;
//	                        the oldest go first, among them first those whose exit a client has learnt
//	output kept per stream  64 MiB (package spool)
//	terminal                TERM=xterm-256color, COLORTERM=truecolor unless the request sets them
//
// Errors: invalid_argument for requests that can never work (no command, NUL, bad names, arguments too long, a working
// directory that is none, no program format), not_found for a program, interpreter or working directory that does not
// exist, permission_denied for what may not be executed or entered, conflict for an id that has been used for another
// request, failed_precondition for what an exited process cannot do, resource_exhausted for too many processes.
package process

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sandkeep.dev/agent/internal/activity"
	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/spool"
)

// Table has the processes that run and the records of those that have exited lately.
type Table struct {
	// directory has the spool files.
	directory string
	limits    limits
	use       *activity.Use
	identity  *Identity

	mu        sync.Mutex
	processes map[string]*Process
	// starting has the ids whose start is under way; closed when it is over.
	starting map[string]chan struct{}
	running  int
	// exited is in the order of exits.
	exited       []*Process
	memory, disk int64
	spools       uint64
}

type limits struct {
	running, records int
	age              time.Duration
	memory, disk     int64
}

var defaults = limits{running: 1024, records: 1024, age: time.Hour, memory: 8 << 20, disk: 1 << 30}

// NewTable makes a table whose spool files go to directory, which is made when the first is needed. What is started, but for
// the entrypoint, counts as use of the sandbox, and so does input.
func NewTable(directory string, use *activity.Use) *Table {
	_ = os.MkdirAll(directory, 0o700)
	return &Table{directory: directory, limits: defaults, use: use, processes: map[string]*Process{}, starting: map[string]chan struct{}{}}
}

// Start starts a process, or answers the one there is if the same request with the same id came before.
func (t *Table) Start(r Request) (p *Process, created bool, err error) {
	if r.ID == Entrypoint {
		return nil, false, fault.New(fault.InvalidArgument, fault.Process, "Cannot start process %q: that id is the sandbox's own process", r.ID)
	}
	return t.start(r, false)
}

// StartEntrypoint starts the process that the sandbox was made for. Its output also goes to this program's own.
func (t *Table) StartEntrypoint(command []string, tty *Size) (*Process, error) {
	p, _, err := t.start(Request{ID: Entrypoint, Command: command, TTY: tty}, true)
	return p, err
}

// Settle returns once no start is under way, or after the time that it may take at most.
func (t *Table) Settle(most time.Duration) {
	late := time.After(most)
	for {
		t.mu.Lock()
		var under chan struct{}
		for _, under = range t.starting {
			break
		}
		t.mu.Unlock()
		if under == nil {
			return
		}
		select {
		case <-under:
		case <-late:
			return
		}
	}
}

func (t *Table) start(r Request, log bool) (*Process, bool, error) {
	if err := r.check(); err != nil {
		return nil, false, err
	}
	var digest [sha256.Size]byte
	if r.ID == "" {
		r.ID = fmt.Sprintf("%016x", rand.Uint64())
	} else {
		digest = r.digest()
	}
	there, release, err := t.reserve(r.ID, digest)
	if there != nil || err != nil {
		return there, false, err
	}
	defer release()
	end, err := t.begin(r.ID)
	if err != nil {
		return nil, false, err
	}
	r.onInput = t.use.Note
	r.identity = t.identity.environ()
	stdout, stderr := t.newSpools(r.ID)
	p, err := start(&r, digest, stdout, stderr, log)
	if err != nil {
		end()
		return nil, false, err
	}
	t.mu.Lock()
	t.processes[r.ID] = p
	t.mu.Unlock()
	p.whenDone(func(p *Process) {
		t.exitedNow(p)
		end()
	})
	return p, true, nil
}

func (t *Table) begin(id string) (end func(), err error) {
	if id == Entrypoint {
		return func() {}, nil
	}
	return t.use.Begin()
}

// reserve gives the process that has the id already, or the right to start one under it.
func (t *Table) reserve(id string, digest [sha256.Size]byte) (there *Process, release func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.starting[id] != nil {
		other := t.starting[id]
		t.mu.Unlock()
		<-other
		t.mu.Lock()
	}
	t.sweep()
	if there = t.processes[id]; there != nil {
		if there.digest != digest {
			return nil, nil, fault.New(fault.Conflict, fault.Process, "Cannot start process %q: another process was started under that id", id)
		}
		return there, nil, nil
	}
	if t.running >= t.limits.running {
		return nil, nil, fault.New(fault.ResourceExhausted, fault.Process, "Cannot start a process: %d run already, the most at once", t.running)
	}
	t.running++
	over := make(chan struct{})
	t.starting[id] = over
	return nil, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.starting, id)
		if t.processes[id] == nil {
			t.running--
		}
		close(over)
	}, nil
}

// Get finds a process by id, or fails with not_found.
func (t *Table) Get(id string) (*Process, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.processes[id]; p != nil {
		return p, nil
	}
	return nil, fault.New(fault.NotFound, fault.Process, "There is no process %.80q: it was never started, or it exited so long ago that its record has gone", id)
}

// List gives all processes there are, oldest first.
func (t *Table) List() []*Process {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep()
	all := make([]*Process, 0, len(t.processes))
	for _, p := range t.processes {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *Process) int { return a.startedAt.Compare(b.startedAt) })
	return all
}

func (t *Table) newSpools(id string) (stdout, stderr *spool.Spool) {
	t.mu.Lock()
	t.spools++
	number := t.spools
	t.mu.Unlock()
	path := func(stream string) string {
		return filepath.Join(t.directory, fmt.Sprintf("%d.%s.%s", number, id, stream))
	}
	return spool.New(spool.Options{Path: path("stdout")}), spool.New(spool.Options{Path: path("stderr")})
}
