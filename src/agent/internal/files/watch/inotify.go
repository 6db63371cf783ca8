package watch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// bufferSize is how many octets of events are taken from the system at a time.
	bufferSize = 16 << 10
	// pairing is how long the other half of a rename may take to arrive.
	pairing = 2 * time.Millisecond
	// ahead is how many events at most are looked through for it.
	ahead = 4096
)

// raw is an event as the system reports it.
type raw struct {
	descriptor   int32
	mask, cookie uint32
	name         string
	size         int64
	at           time.Time
}

func (r raw) is(mask uint32) bool { return r.mask&mask != 0 }

// inotify is one instance of the system's reports, in their order.
type inotify struct {
	descriptor int
	file       *os.File
	buffer     [bufferSize]byte
	events     []raw
	// taken counts the octets of events that take has given, read those that came from the system.
	taken, read int64
}

func newInotify() (*inotify, error) {
	descriptor, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, err
	}
	return &inotify{descriptor: descriptor, file: os.NewFile(uintptr(descriptor), "inotify")}, nil
}

func (i *inotify) close() { _ = i.file.Close() }

func (i *inotify) add(path string, mask uint32) (int32, error) {
	added, err := unix.InotifyAddWatch(i.descriptor, path, mask)
	return int32(added), err
}

func (i *inotify) remove(descriptor int32) {
	_, _ = unix.InotifyRmWatch(i.descriptor, uint32(descriptor))
}

// take gives the oldest event that has been fetched.
func (i *inotify) take() raw {
	event := i.events[0]
	i.events = i.events[1:]
	i.taken += event.size
	return event
}

// fetch waits for some events.
func (i *inotify) fetch() error {
	n, err := i.file.Read(i.buffer[:])
	if err != nil {
		return err
	}
	now := time.Now()
	for octets := i.buffer[:n]; len(octets) >= unix.SizeofInotifyEvent; {
		size := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(octets[12:]))
		name, _, _ := bytes.Cut(octets[unix.SizeofInotifyEvent:size], []byte{0})
		i.events = append(i.events, raw{
			descriptor: int32(binary.NativeEndian.Uint32(octets)),
			mask:       binary.NativeEndian.Uint32(octets[4:]),
			cookie:     binary.NativeEndian.Uint32(octets[8:]),
			name:       string(name), size: int64(size), at: now,
		})
		octets = octets[size:]
	}
	i.read += int64(n)
	return nil
}

// arrival takes out of the queue where what has just been moved from somewhere arrived, if that is watched too.
func (i *inotify) arrival(from raw) (to raw, found bool) {
	for looked := 0; looked <= ahead; {
		for ; looked < len(i.events); looked++ {
			if event := i.events[looked]; event.cookie == from.cookie && event.is(unix.IN_MOVED_TO) {
				i.events = append(i.events[:looked], i.events[looked+1:]...)
				i.taken += event.size
				return event, true
			}
		}
		if !i.more(from) {
			return raw{}, false
		}
	}
	return raw{}, false
}

// more fetches events that belong to one: those there are, or that come in a moment.
func (i *inotify) more(of raw) bool {
	if i.waiting() == 0 && time.Since(of.at) > pairing {
		return false
	}
	return i.file.SetReadDeadline(time.Now().Add(pairing)) == nil && i.fetch() == nil
}

// fetchAll fetches what there is, as far as that is to be looked through.
func (i *inotify) fetchAll() {
	for len(i.events) < ahead && i.waiting() > 0 {
		if i.file.SetReadDeadline(time.Now().Add(pairing)) != nil || i.fetch() != nil {
			return
		}
	}
}

// exchanged takes out of the queue the second half of an exchange of two names, if a rename is the first: it comes right
// behind.
func (i *inotify) exchanged(from, to raw) bool {
	for len(i.events) < 2 {
		if !i.more(from) {
			return false
		}
	}
	back, there := i.events[0], i.events[1]
	if back.is(unix.IN_MOVED_FROM) && back.descriptor == to.descriptor && back.name == to.name &&
		there.is(unix.IN_MOVED_TO) && there.descriptor == from.descriptor && there.name == from.name {
		i.take()
		i.take()
		return true
	}
	return false
}

// waiting is how many octets of events are still with the system.
func (i *inotify) waiting() int64 {
	n, err := unix.IoctlGetInt(i.descriptor, unix.TIOCINQ)
	if err != nil {
		return 0
	}
	return int64(n)
}

// limited reports whether the system has no more watches or instances for this user.
func limited(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM)
}
