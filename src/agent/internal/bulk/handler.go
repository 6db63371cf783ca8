package bulk

import (
	"io"
	"net/http"

	"sandkeep.dev/agent/internal/fault"
)

// Over answers requests as next does, with the body of the request, or that of a reply to GET if it is large, on the stream
// that belongs to the ticket.
func (t *Tickets) Over(next http.Handler, refuse func(http.ResponseWriter, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		direction := Write
		if r.Method == http.MethodGet {
			direction = Read
		}
		ticket, err := t.issue(r.Header.Get(Header), direction)
		if err != nil {
			refuse(w, err)
			return
		}
		defer ticket.close()
		if direction == Read {
			reply := &reply{ResponseWriter: w, ticket: ticket, request: r}
			defer reply.cut()
			next.ServeHTTP(reply, r)
			reply.end()
			return
		}
		body := &body{ticket: ticket, request: r}
		defer body.Close()
		r = r.WithContext(r.Context())
		r.Body, r.ContentLength = body, -1
		next.ServeHTTP(w, r)
	})
}

// body is one of a request, from the stream that belongs to the ticket.
type body struct {
	ticket  *ticket
	request *http.Request
	stream  *stream
	parts   *receiver
}

func (b *body) Read(p []byte) (int, error) {
	if b.parts == nil {
		var err error
		if b.stream, err = b.ticket.stream(b.request.Context().Done()); err != nil {
			return 0, err
		}
		if _, err := io.WriteString(b.stream.out, greeting); err != nil {
			return 0, err
		}
		b.parts = newReceiver(b.stream.in)
	}
	n, err := b.parts.Read(p)
	if err != nil && err != io.EOF {
		err = fault.New(fault.Unavailable, fault.Request, "The body broke off: %v", err)
	}
	return n, err
}

// Close ends the stream; it must not end before, for a runtime takes a process that closes its output for one that ended.
func (b *body) Close() error {
	if b.stream != nil {
		b.stream.close()
	}
	return nil
}
