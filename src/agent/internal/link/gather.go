package link

import (
	"bytes"
	"encoding/binary"
	"os"
	"runtime"
	"sync"
	"time"
)

const (
	// small writes are gathered, larger ones go out at once.
	small = 4 << 10
	// joined is up to how many octets a larger one takes what was gathered with it.
	joined = 32 << 10
	// keptBack is up to how many octets of window the gateway may be owed: its windows are a megabyte and more.
	keptBack = 16 << 10
	// farewell is how long a link that is closed may take to send what was gathered.
	farewell = 100 * time.Millisecond
)

// gathering writes to a file. HTTP/2 writes the head of a response and its body one after the other, and every write is a
// message of its own for all who pass it on, from the container's runtime to the gateway. Small writes therefore wait until
// whatever else is ready to run has run, and go out as one; no clock is involved. Small updates of windows wait for the next
// write: the answer to the request whose body they acknowledge.
type gathering struct {
	file *os.File
	wake chan struct{}

	mu       sync.Mutex
	gathered []byte
	// owed is by how many octets the updates among it enlarge windows.
	owed uint32
	err  error
}

func newGathering(file *os.File) *gathering {
	g := &gathering{file: file, wake: make(chan struct{}, 1)}
	go g.run()
	return g
}

// Write fails with what an earlier write failed with.
func (g *gathering) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.gathered)+len(p) > joined {
		g.flush()
		g.send(p)
	} else if g.gathered = append(g.gathered, p...); len(g.gathered) > small {
		g.flush()
	} else if !g.canWait(p) {
		g.wakeUp()
	}
	if g.err != nil {
		return 0, g.err
	}
	return len(p), nil
}

// Close sends what was gathered, unless nobody reads it.
func (g *gathering) Close() error {
	_ = g.file.SetWriteDeadline(time.Now().Add(farewell))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flush()
	if g.err == nil {
		g.err = os.ErrClosed
	}
	g.wakeUp()
	return g.file.Close()
}

func (g *gathering) run() {
	for over := false; !over; {
		<-g.wake
		runtime.Gosched()
		g.mu.Lock()
		g.flush()
		over = g.err != nil
		g.mu.Unlock()
	}
}

func (g *gathering) wakeUp() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

func (g *gathering) flush() {
	if len(g.gathered) > 0 {
		g.send(g.gathered)
		g.gathered, g.owed = g.gathered[:0], 0
	}
}

// canWait reports whether p, just gathered, is all WINDOW_UPDATE frames, of which the gateway is owed few octets yet. The end
// of a body that reads like one waits for the next write too, if only for the answer to a ping.
func (g *gathering) canWait(p []byte) bool {
	for ; bytes.HasPrefix(p, windowUpdate) && len(p) >= windowUpdateSize; p = p[windowUpdateSize:] {
		g.owed += binary.BigEndian.Uint32(p[windowUpdateSize-4:])
	}
	return len(p) == 0 && g.owed <= keptBack
}

// windowUpdate is how such a frame begins: its length without the header, its type, no flags.
var windowUpdate = []byte{0, 0, 4, 8, 0}

const windowUpdateSize = 9 + 4

func (g *gathering) send(p []byte) {
	if g.err == nil {
		_, g.err = g.file.Write(p)
	}
}
