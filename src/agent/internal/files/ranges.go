package files

import (
	"math"
	"strconv"
	"strings"

	"sandkeep.dev/agent/internal/fault"
)

// Range is what a client wants of a file: octets First to Last, or the last Suffix ones.
type Range struct {
	First, Last int64
	// Suffix counts if First is -1.
	Suffix int64
}

// ParseRange reads the value of a header Range: bytes=2-5, bytes=2- or bytes=-4; nil if there is none. Numbers beyond the
// largest possible file are those of its end. Errors: invalid_argument for another form or several ranges.
func ParseRange(header string) (*Range, error) {
	if header == "" {
		return nil, nil
	}
	invalid := fault.New(fault.InvalidArgument, fault.File, "The header Range is %.80q: it must be one range of bytes, such as bytes=0-499, bytes=500- or bytes=-500", header)
	spec, isBytes := strings.CutPrefix(header, "bytes=")
	first, last, isRange := strings.Cut(strings.TrimSpace(spec), "-")
	if !isBytes || !isRange || first == "" && last == "" {
		return nil, invalid
	}
	r := &Range{First: -1, Last: math.MaxInt64}
	var ok bool
	if first == "" {
		r.Suffix, ok = octets(last)
	} else if r.First, ok = octets(first); ok && last != "" {
		r.Last, ok = octets(last)
	}
	if !ok || r.First > r.Last {
		return nil, invalid
	}
	return r, nil
}

// octets reads digits; what does not fit is as much as fits.
func octets(digits string) (int64, bool) {
	if strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		n = math.MaxInt64
	}
	return n, true
}

// of gives the part of a file of that size; no file of size 0 has a part.
func (r *Range) of(size int64) (start, length int64, ok bool) {
	if r == nil {
		return 0, size, true
	}
	start = r.First
	if start < 0 {
		start = max(0, size-r.Suffix)
	}
	if start >= size {
		return 0, 0, false
	}
	return start, min(r.Last, size-1) - start + 1, true
}
