package bulk

import (
	"strings"
	"sync"
	"time"

	"sandkeep.dev/agent/internal/fault"
)

// A Direction is where the body of a ticket goes, seen from the gateway.
type Direction byte

// What the commands of the agent are called.
const (
	Read  Direction = 'r'
	Write Direction = 'w'
)

const (
	// maxTickets is how many requests may have their bodies elsewhere at once.
	maxTickets = 16
	// streamTime is how long a request waits for the stream of its body.
	streamTime = 30 * time.Second
	// requestTime is how long a stream waits for the request that it belongs to: the two race each other.
	requestTime = 5 * time.Second
)

// ticketDigits is how many hexadecimal digits a ticket's name has.
const ticketDigits = 32

// Tickets are the requests that wait for the stream with their body.
type Tickets struct {
	mu   sync.Mutex
	open map[string]*ticket
	// opened is closed when there is another one.
	opened chan struct{}
}

// NewTickets has none yet.
func NewTickets() *Tickets {
	return &Tickets{open: map[string]*ticket{}, opened: make(chan struct{})}
}

// ticket is one request; it takes one stream.
type ticket struct {
	tickets   *Tickets
	id        string
	direction Direction
	// used is whether a stream has come; streams gives it to the request.
	used    bool
	streams chan *stream
	revoked chan struct{}
}

// issue makes a ticket with the name that the gateway has given it. Under a name that is there already it takes the place
// of the former one, whose link broke.
func (t *Tickets) issue(id string, direction Direction) (*ticket, error) {
	if !isTicket(id) {
		return nil, fault.New(fault.InvalidArgument, fault.Request, "The header %s is %.40q: it must be %d hexadecimal digits in lower case", Header, id, ticketDigits)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if former, there := t.open[id]; there {
		former.remove()
		close(former.revoked)
	}
	if len(t.open) >= maxTickets {
		return nil, fault.New(fault.ResourceExhausted, fault.Request, "%d large bodies are under way in this sandbox", len(t.open))
	}
	issued := &ticket{tickets: t, id: id, direction: direction, streams: make(chan *stream, 1), revoked: make(chan struct{})}
	t.open[id] = issued
	close(t.opened)
	t.opened = make(chan struct{})
	return issued, nil
}

func isTicket(id string) bool {
	return len(id) == ticketDigits && strings.Trim(id, "0123456789abcdef") == ""
}

// redeem gives a stream to the request that it belongs to, and reports whether there is one.
func (t *Tickets) redeem(id string, direction Direction, s *stream) bool {
	late := time.After(requestTime)
	for {
		given, opened := t.give(id, direction, s)
		if given {
			return true
		}
		select {
		case <-opened:
		case <-late:
			return false
		}
	}
}

func (t *Tickets) give(id string, direction Direction, s *stream) (given bool, opened <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ticket, there := t.open[id]
	if !there || ticket.direction != direction || ticket.used {
		return false, t.opened
	}
	ticket.used = true
	ticket.streams <- s
	return true, nil
}

// stream waits for the stream with the request's body, until over is closed.
func (k *ticket) stream(over <-chan struct{}) (*stream, error) {
	late := time.NewTimer(streamTime)
	defer late.Stop()
	select {
	case s := <-k.streams:
		return s, nil
	case <-k.revoked:
	case <-over:
	case <-late.C:
	}
	return nil, fault.New(fault.DeadlineExceeded, fault.Request, "No stream for the body came within %v", streamTime)
}

// close ends the ticket, and the stream that has come for it if nobody has taken that.
func (k *ticket) close() {
	k.tickets.mu.Lock()
	defer k.tickets.mu.Unlock()
	k.remove()
	select {
	case s := <-k.streams:
		s.close()
	default:
	}
}

func (k *ticket) remove() {
	if k.tickets.open[k.id] == k {
		delete(k.tickets.open, k.id)
	}
}
