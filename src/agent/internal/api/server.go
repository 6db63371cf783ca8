package api

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server serves the API on whatever listeners it is given, until Finish.
type Server struct {
	*http.Server
	busy inFlight
}

// Server makes a server. Requests that only wait are answered when ctx ends.
func (a *API) Server(ctx context.Context) *Server {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	s := &Server{}
	s.Server = &http.Server{
		Handler:     recovered(s.busy.counted(quietly(a.routes()))),
		Protocols:   &protocols,
		BaseContext: func(net.Listener) context.Context { return ctx },
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          1024,
			MaxReadFrameSize:              256 << 10,
			MaxReceiveBufferPerConnection: 4 << 20,
			MaxReceiveBufferPerStream:     1 << 20,
		},
		// Links break all the time; the container's log belongs to the entrypoint.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	return s
}

const (
	// lastAnswers is how long requests under way may take to be answered.
	lastAnswers = time.Second
	// farewell is for the last frames on their way, and for clients to close their connections as they are told to.
	farewell = 100 * time.Millisecond
)

// Finish lets requests that are under way be answered, and closes all connections: after 1.1 s at the latest.
func (s *Server) Finish() {
	s.busy.wait(lastAnswers)
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if s.Shutdown(ctx) != nil {
		_ = s.Close()
	}
}

// inFlight counts requests that are being answered.
type inFlight struct {
	mu    sync.Mutex
	count int
	// none is closed, if somebody waits, when there are none.
	none chan struct{}
}

func (f *inFlight) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.add(1)
		defer f.add(-1)
		next.ServeHTTP(w, r)
	})
}

func (f *inFlight) add(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count += n
	if f.count == 0 && f.none != nil {
		close(f.none)
		f.none = nil
	}
}

func (f *inFlight) wait(most time.Duration) {
	f.mu.Lock()
	if f.count == 0 {
		f.mu.Unlock()
		return
	}
	none := make(chan struct{})
	f.none = none
	f.mu.Unlock()
	select {
	case <-none:
	case <-time.After(most):
	}
}
