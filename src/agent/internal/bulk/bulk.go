// Package bulk moves large bodies of requests and replies over exec streams of their own: faster than over the link, and
// small requests do not wait behind them. Everything else of such a request, its refusal included, is on the link.
//
//	gateway ══ link ══ GET /bulk/files?…, Sandkeep-Ticket: T ═══════════════════════► agent
//	gateway ◄═ link ══ 200, Sandkeep-Ticket: T, Sandkeep-Length: the body's ══════════ agent
//	gateway ◄═ exec of `agent read T` ══ greeting, parts of the body, end ════════════ agent
//
//	gateway ══ link ══ PUT /bulk/files?…, Sandkeep-Ticket: T ═══════════════════════► agent
//	gateway ◄═ exec of `agent write T` ══ greeting ═══════════════════════════════════ agent
//	gateway ══ exec of `agent write T` ══ parts of the body, end ════════════════════► agent
//	gateway ◄═ link ══ 204 ═══════════════════════════════════════════════════════════ agent
//
// The ticket is the gateway's: 32 random hexadecimal digits, good for one request, as long as that lasts, and for one
// stream, which may come up to 5 s before it or up to 30 s after. A reply whose length is below 4 MiB, or unknown and then
// not over 1 MiB, comes with the link's own body and without the header Sandkeep-Ticket. At most 16 requests
// may be under way: resource_exhausted.
//
// A stream is the greeting "sandkeep/1\n", then parts, each a length of 4 octets and so many octets, up to 1 MiB. A part of
// length 0 is the end: behind it are the number of all octets in 8 and their CRC-32 (IEEE) in 4. All numbers are
// big-endian. A stream that ends otherwise was cut short. The CRC-32 finds what got lost or changed on the way, at a
// twentieth of the cost of SHA-256; against forgery it need not help, since both ends could forge the body itself.
package bulk

import (
	"net"
	"os"
	"path/filepath"

	"sandkeep.dev/agent/internal/handover"
)

const (
	// Header has the ticket.
	Header = "Sandkeep-Ticket"
	// lengthHeader has the length of a body that is on a stream.
	lengthHeader = "Sandkeep-Length"
	greeting     = "sandkeep/1\n"

	socket     = "bulk.sock"
	ticketSize = 32
)

// Open hands in and out over for the body of the request with that ticket, and returns when it has been moved. What came of
// it is told to who made the request.
func Open(run string, direction Direction, ticket string, in, out *os.File) error {
	return handover.Give(filepath.Join(run, socket), append([]byte{byte(direction)}, ticket...), in, out)
}

// Listen takes streams that are handed over in the directory run, until the listener is closed.
func (t *Tickets) Listen(run string) (net.Listener, error) {
	listener, err := handover.Listen(filepath.Join(run, socket))
	if err != nil {
		return nil, err
	}
	go handover.Each(listener, t.receive)
	return listener, nil
}

func (t *Tickets) receive(control *net.UnixConn) {
	message := make([]byte, 1+ticketSize)
	n, in, out, err := handover.Take(control, message)
	if err != nil {
		_ = control.Close()
		return
	}
	s := newStream(in, out, control)
	if n < len(message) || !t.redeem(string(message[1:]), Direction(message[0]), s) {
		s.close()
	}
}
