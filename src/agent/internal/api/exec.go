package api

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/process"
	"sandkeep.dev/agent/internal/spool"
)

// maxExecBody leaves room for 16 MiB of stdin in base64.
const maxExecBody = 24 << 20

// bufferSize is how many octets of output go into one frame at most: 64 KiB in base64.
const bufferSize = 48 << 10

// shortly is how long the first frame waits for another: the answer of a command that ends within it is one message. On a
// busy node even /bin/true takes a while, and more messages would keep the node busier still.
const shortly = 100 * time.Millisecond

// atOnce is the same for a command whose client may have input for it.
const atOnce = 10 * time.Millisecond

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

var endOfStream = io.EOF

func (a *API) exec(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		process.Request
		Stdin     []byte `json:"stdin"`
		StdinOpen bool   `json:"stdinOpen"`
	}
	if err := decode(w, r, maxExecBody, &request); err != nil {
		return err
	}
	if request.StdinOpen && request.Stdin != nil {
		return fault.New(fault.InvalidArgument, fault.Process, "Cannot start %.80q: stdin excludes stdinOpen", request.Command)
	}
	if request.Request.Stdin = request.Stdin; request.Stdin == nil && !request.StdinOpen {
		request.Request.Stdin = []byte{}
	}
	p, _, err := a.Processes.Start(request.Request)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	frames := &frames{w: w, flusher: http.NewResponseController(w)}
	frames.started(p)
	for _, stream := range []*stream{{name: "stdout", spool: p.Stdout}, {name: "stderr", spool: p.Stderr}} {
		stream.reader = stream.spool.Attach(0)
		defer func() { stream.reader.Detach() }()
		frames.streams = append(frames.streams, stream)
	}
	wait := shortly
	if request.StdinOpen {
		wait = atOnce
	}
	frames.follow(r.Context().Done(), p, wait)
	return nil
}

// frames writes what happens to a process as lines of JSON.
type frames struct {
	w       http.ResponseWriter
	flusher *http.ResponseController
	streams []*stream
	line    []byte
	// failed: the client has left.
	failed bool
}

type stream struct {
	name   string
	spool  *spool.Spool
	reader *spool.Reader
	over   bool
}

// follow writes output as it comes and at last the exit. The first frame waits for another as long as wait.
func (f *frames) follow(left <-chan struct{}, p *process.Process, wait time.Duration) {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	late := time.NewTimer(wait)
	defer late.Stop()
	for !f.failed {
		// Asked before reading: once it has exited, the streams have all they will get.
		exit, exited := p.Exited()
		out, errs := f.streams[0].changed(), f.streams[1].changed()
		moved := f.move(f.streams[0], buffer[:])
		moved = f.move(f.streams[1], buffer[:]) || moved
		switch {
		case exited && f.streams[0].over && f.streams[1].over:
			f.ended(exit)
			p.Collect()
			return
		case moved:
			f.flush()
			continue
		}
		select {
		case <-out:
		case <-errs:
		case <-p.Done():
		case <-late.C:
			f.flush()
		case <-left:
			return
		}
	}
}

// changed is nil, which is never ready, once the stream is over.
func (s *stream) changed() <-chan struct{} {
	if s.over {
		return nil
	}
	return s.spool.Changed()
}

// move writes at most one frame of a stream, and reports whether it did.
func (f *frames) move(s *stream, buffer []byte) bool {
	for !s.over {
		n, err := s.reader.TryRead(buffer)
		if n > 0 {
			f.output(s.name, s.reader.Offset()-int64(n), buffer[:n])
			return true
		}
		if errors.Is(err, spool.ErrOvertaken) {
			s.reader.Detach()
			s.reader = s.spool.Attach(0)
			continue
		}
		s.over = err != nil
		break
	}
	return false
}

func (f *frames) started(p *process.Process) {
	f.line = append(append(append(f.line[:0], `{"process":"`...), p.ID()...), "\"}\n"...)
	f.write()
}

func (f *frames) output(name string, offset int64, data []byte) {
	line := append(append(f.line[:0], `{"stream":"`...), name...)
	line = strconv.AppendInt(append(line, `","offset":`...), offset, 10)
	line = base64.StdEncoding.AppendEncode(append(line, `,"data":"`...), data)
	f.line = append(line, "\"}\n"...)
	f.write()
}

func (f *frames) ended(exit process.Exit) {
	how, _ := json.Marshal(exit)
	f.line = append(append(append(f.line[:0], `{"exit":`...), how...), "}\n"...)
	f.write()
}

func (f *frames) write() {
	if _, err := f.w.Write(f.line); err != nil {
		f.failed = true
	}
}

func (f *frames) flush() {
	if err := f.flusher.Flush(); err != nil {
		f.failed = true
	}
}
