// Package usage tells what a sandbox uses of its machine, as its own cgroup and kernel say from inside.
//
// Cgroups are found by /proc/self/mountinfo, of version 1 or 2, wherever they are mounted. Each figure stands alone: what
// the kernel does not tell is left out (no cgroup mounted; gVisor has no peak of memory), and what has no limit has null
// for one. Nothing is estimated, and a figure that JSON numbers cannot hold counts as not told (gVisor's disk of 2^63 octets).
package usage

import (
	"encoding/json"
	"io/fs"
	"os"
	"time"
)

// Usage is what is used at one moment.
type Usage struct {
	MeasuredAt time.Time `json:"-"`
	CPU        CPU       `json:"cpu"`
	Memory     Memory    `json:"memory"`
	Disk       Disk      `json:"disk"`
	Processes  Processes `json:"processes"`
}

// CPU is time on processors, of all processes there are and were.
type CPU struct {
	UsedSeconds *float64 `json:"usedSeconds,omitempty"`
	LimitCores  *Limit   `json:"limitCores,omitempty"`
}

// Memory is in octets.
type Memory struct {
	// UsedBytes has the page cache in it, and so has PeakBytes, the most there ever was.
	UsedBytes *int64 `json:"usedBytes,omitempty"`
	// WorkingSetBytes leaves out what the kernel can drop at once; Kubernetes evicts by it.
	WorkingSetBytes *int64 `json:"workingSetBytes,omitempty"`
	PeakBytes       *int64 `json:"peakBytes,omitempty"`
	LimitBytes      *Limit `json:"limitBytes,omitempty"`
}

// Disk is the file system of the root directory, in octets. Others may share it.
type Disk struct {
	UsedBytes      *int64 `json:"usedBytes,omitempty"`
	AvailableBytes *int64 `json:"availableBytes,omitempty"`
	TotalBytes     *int64 `json:"totalBytes,omitempty"`
}

// Processes are those in the sandbox, the agent and its links among them. The limit is on threads.
type Processes struct {
	Running *int64 `json:"running,omitempty"`
	Threads *int64 `json:"threads,omitempty"`
	Limit   *Limit `json:"limit,omitempty"`
}

// Limit is a number, or that there is none, which is null in JSON.
type Limit struct {
	Value     float64
	Unlimited bool
}

// MarshalJSON writes the number or null.
func (l Limit) MarshalJSON() ([]byte, error) {
	if l.Unlimited {
		return []byte("null"), nil
	}
	return json.Marshal(l.Value)
}

// Now measures.
func Now() Usage {
	u := from(os.DirFS("/"))
	u.MeasuredAt, u.Disk = time.Now(), diskOf("/")
	return u
}

// from reads what files below a root directory tell.
func from(root fs.FS) Usage {
	groups := findCgroups(root)
	return Usage{
		CPU:       groups.cpu(),
		Memory:    groups.memory(),
		Processes: Processes{running(root), groups.number("pids", "pids.current"), groups.limit("pids", "pids.max")},
	}
}
