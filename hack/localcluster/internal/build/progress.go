package build

import (
	"fmt"
	"io"
	"time"
)

// progress prints a line per program: which of how many, how long it took, how long the rest may take.
type progress struct {
	out     io.Writer
	count   int
	seconds int
	began   time.Time
	done    int
}

func (p *progress) begin(program program) func() {
	p.done++
	began := time.Now()
	fmt.Fprintf(p.out, "[%d/%d] %-26s about %s …", p.done, p.count, program.name, rounded(program.seconds))
	return func() {
		p.seconds -= program.seconds
		fmt.Fprintf(p.out, " %.1f s; %s so far, at most about %s to go\n",
			time.Since(began).Seconds(), time.Since(p.began).Round(time.Second), rounded(p.seconds))
	}
}

// rounded is a number of seconds as `40 s` or `12 min`.
func rounded(seconds int) string {
	if seconds < 90 {
		return fmt.Sprintf("%d s", seconds)
	}
	return fmt.Sprintf("%d min", (seconds+30)/60)
}
