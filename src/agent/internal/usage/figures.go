package usage

import (
	"io/fs"
	"strconv"
	"strings"
	"syscall"
)

const (
	nanosecondsPerSecond  = 1e9
	microsecondsPerSecond = 1e6
	// largest is the largest whole number that every reader of JSON can hold. Version 1 says "no limit" by one beyond.
	largest = 1<<53 - 1
)

func (c cgroups) cpu() CPU {
	var cpu CPU
	if used := number(c.read("cpuacct", "cpuacct.usage")); used != nil {
		cpu.UsedSeconds = new(float64(*used) / nanosecondsPerSecond)
	} else if used := entry(c.read("cpu", "cpu.stat"), "usage_usec"); used != nil {
		cpu.UsedSeconds = new(float64(*used) / microsecondsPerSecond)
	}
	quota, period, found := strings.Cut(string(c.read("cpu", "cpu.max")), " ")
	if !found {
		quota, period = string(c.read("cpu", "cpu.cfs_quota_us")), string(c.read("cpu", "cpu.cfs_period_us"))
	}
	cpu.LimitCores = cores(quota, period)
	return cpu
}

// cores is the share of time that a quota in a period is.
func cores(quota, period string) *Limit {
	if quota == "max" || quota == "-1" {
		return &Limit{Unlimited: true}
	}
	q, p := number([]byte(quota)), number([]byte(period))
	if q == nil || p == nil || *p == 0 {
		return nil
	}
	return &Limit{Value: float64(*q) / float64(*p)}
}

func (c cgroups) memory() Memory {
	memory := Memory{
		UsedBytes:  either(c.number("memory", "memory.usage_in_bytes"), c.number("memory", "memory.current")),
		PeakBytes:  either(c.number("memory", "memory.max_usage_in_bytes"), c.number("memory", "memory.peak")),
		LimitBytes: either(c.limit("memory", "memory.limit_in_bytes"), c.limit("memory", "memory.max")),
	}
	stat := c.read("memory", "memory.stat")
	idle := either(entry(stat, "total_inactive_file"), entry(stat, "inactive_file"))
	if memory.UsedBytes != nil && idle != nil {
		memory.WorkingSetBytes = new(max(0, *memory.UsedBytes-*idle))
	}
	return memory
}

func (c cgroups) number(controller, name string) *int64 { return number(c.read(controller, name)) }

// limit reads a file that has a number, or says that there is none.
func (c cgroups) limit(controller, name string) *Limit {
	text := c.read(controller, name)
	if string(text) == "max" {
		return &Limit{Unlimited: true}
	}
	value, err := strconv.ParseUint(string(text), 10, 64)
	switch {
	case err != nil:
		return nil
	case value > largest:
		return &Limit{Unlimited: true}
	}
	return &Limit{Value: float64(value)}
}

// number is a whole number from 0, nil for anything else.
func number(text []byte) *int64 {
	value, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || value < 0 {
		return nil
	}
	return &value
}

// entry finds a number by its name among lines of both.
func entry(content []byte, name string) *int64 {
	for line := range strings.Lines(string(content)) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return number([]byte(strings.TrimSpace(value)))
		}
	}
	return nil
}

func either[T any](first, second *T) *T {
	if first != nil {
		return first
	}
	return second
}

// running counts the processes that /proc shows.
func running(root fs.FS) *int64 {
	entries, err := fs.ReadDir(root, "proc")
	if err != nil {
		return nil
	}
	var count int64
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err == nil {
			count++
		}
	}
	return &count
}

func diskOf(path string) Disk {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(path, &stat); err != nil {
		return Disk{}
	}
	return disk(stat.Blocks, stat.Bfree, stat.Bavail, uint64(stat.Bsize))
}

// disk is in blocks of some octets each.
func disk(blocks, free, available, octets uint64) Disk {
	if blocks == 0 || octets == 0 || blocks > largest/octets || free > blocks || available > blocks {
		return Disk{}
	}
	return Disk{
		UsedBytes:      new(int64((blocks - free) * octets)),
		AvailableBytes: new(int64(available * octets)),
		TotalBytes:     new(int64(blocks * octets)),
	}
}
