package process

// maxWriters is how many writers of one process are known at once. Of more, the one that has been quiet for longest is forgotten:
// its next bytes are behind a gap.
const maxWriters = 1024

// writers counts what each of several has written to one stream.
type writers struct {
	all   map[string]*share
	clock int64
}

type share struct {
	sent int64
	// last is when it wrote last, by the clock.
	last int64
}

// sent is how many bytes of a writer's the stream has got.
func (w *writers) sent(id string) int64 {
	if known := w.all[id]; known != nil {
		return known.sent
	}
	return 0
}

func (w *writers) add(id string, octets int64) {
	known := w.all[id]
	if known == nil {
		if w.all == nil {
			w.all = map[string]*share{}
		}
		if len(w.all) == maxWriters {
			delete(w.all, w.quietest())
		}
		known = &share{}
		w.all[id] = known
	}
	w.clock++
	known.sent += octets
	known.last = w.clock
}

func (w *writers) quietest() string {
	var quietest string
	last := w.clock + 1
	for id, known := range w.all {
		if known.last < last {
			quietest, last = id, known.last
		}
	}
	return quietest
}
