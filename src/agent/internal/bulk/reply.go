package bulk

import (
	"io"
	"net/http"
	"strconv"
)

const (
	// large bodies go over a stream.
	large = 4 << 20
	// held is how much is kept of a body of unknown length before it is taken for a large one.
	held = 1 << 20
)

// reply sends a small body on the link and a large one over the stream that belongs to the ticket.
type reply struct {
	http.ResponseWriter
	ticket  *ticket
	request *http.Request

	status int
	// onLink, or parts is set, or it is still open which of both it will be.
	onLink    bool
	beginning []byte
	stream    *stream
	parts     *sender
}

func (r *reply) WriteHeader(status int) {
	if r.status != 0 {
		return
	}
	r.status = status
	length, err := strconv.ParseInt(r.Header().Get("Content-Length"), 10, 64)
	if known := err == nil; status >= 300 || known && length < large {
		r.goOnLink()
	} else if known {
		r.goOnStream()
	}
}

func (r *reply) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	if !r.onLink && r.stream == nil {
		if len(r.beginning)+len(p) <= held {
			r.beginning = append(r.beginning, p...)
			return len(p), nil
		}
		r.goOnStream()
		if _, err := r.parts.Write(r.beginning); err != nil {
			return 0, err
		}
		r.beginning = nil
	}
	if r.onLink {
		return r.ResponseWriter.Write(p)
	}
	return r.parts.Write(p)
}

func (r *reply) goOnLink() {
	r.onLink = true
	r.ResponseWriter.WriteHeader(r.status)
}

// goOnStream sends the head, and waits for the stream. Without one the reply breaks off.
func (r *reply) goOnStream() {
	header := r.Header()
	header.Set(Header, r.ticket.id)
	if length := header.Get("Content-Length"); length != "" {
		header.Set(lengthHeader, length)
		header.Del("Content-Length")
	}
	r.ResponseWriter.WriteHeader(r.status)
	_ = http.NewResponseController(r.ResponseWriter).Flush()
	stream, err := r.ticket.stream(r.request.Context().Done())
	if err == nil {
		_, err = io.WriteString(stream.out, greeting)
		r.stream, r.parts = stream, &sender{out: stream.out}
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// end says that the body is whole.
func (r *reply) end() {
	switch {
	case r.stream != nil:
		if r.parts.end() == nil {
			go r.stream.closeRead()
			r.stream = nil
		}
	case r.status != 0 && !r.onLink:
		r.goOnLink()
		_, _ = r.ResponseWriter.Write(r.beginning)
	}
}

// cut ends a stream whose body did not become whole.
func (r *reply) cut() {
	if r.stream != nil {
		r.stream.close()
	}
}
