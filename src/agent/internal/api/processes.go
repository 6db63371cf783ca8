package api

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/process"
	"sandkeep.dev/agent/internal/spool"
)

// maxBody is the most octets of a body, but for stdin.
const maxBody = 1 << 20

// maxStartBody leaves room for what Secrets hold.
const maxStartBody = 8 << 20

// offsetHeader says at which offset the body of stdout or stderr starts.
const offsetHeader = "Sandkeep-Offset"

func (a *API) start(w http.ResponseWriter, r *http.Request) error {
	var request process.Request
	if err := decode(w, r, maxStartBody, &request); err != nil {
		return err
	}
	p, created, err := a.Processes.Start(request)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return reply(w, status, p.View())
}

func (a *API) list(w http.ResponseWriter, _ *http.Request) error {
	items := []process.View{}
	for _, p := range a.Processes.List() {
		items = append(items, p.View())
	}
	return reply(w, http.StatusOK, map[string]any{"items": items})
}

func (a *API) ofProcess(h func(http.ResponseWriter, *http.Request, *process.Process) error) http.Handler {
	return answer(func(w http.ResponseWriter, r *http.Request) error {
		p, err := a.Processes.Get(r.PathValue("id"))
		if err != nil {
			return err
		}
		return h(w, r, p)
	})
}

func get(w http.ResponseWriter, _ *http.Request, p *process.Process) error {
	return reply(w, http.StatusOK, p.View())
}

func stdout(w http.ResponseWriter, r *http.Request, p *process.Process) error {
	return follow(w, r, p.Stdout)
}

func stderr(w http.ResponseWriter, r *http.Request, p *process.Process) error {
	return follow(w, r, p.Stderr)
}

// follow sends what a stream has from the offset on, until it ends or the client leaves.
func follow(w http.ResponseWriter, r *http.Request, s *spool.Spool) error {
	offset, err := offsetOf(r, 0)
	if err != nil {
		return err
	}
	reader := s.Attach(offset)
	defer reader.Detach()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set(offsetHeader, strconv.FormatInt(reader.Offset(), 10))
	flusher := http.NewResponseController(w)
	if err := flusher.Flush(); err != nil {
		return nil
	}
	return copyOut(r.Context(), w, flusher, reader)
}

func copyOut(ctx context.Context, w http.ResponseWriter, flusher *http.ResponseController, reader *spool.Reader) error {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	for {
		n, err := reader.Read(ctx, buffer[:])
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return nil
			}
			if err := flusher.Flush(); err != nil {
				return nil
			}
		}
		if ended(err) {
			return nil
		}
	}
}

// ended reports whether a stream is over. One that lost bytes must not look complete: it is reset.
func ended(err error) bool {
	switch err {
	case nil:
		return false
	case endOfStream, context.Canceled, context.DeadlineExceeded:
		return true
	}
	panic(http.ErrAbortHandler)
}

func stdin(w http.ResponseWriter, r *http.Request, p *process.Process) error {
	offset, err := offsetOf(r, -1)
	if err != nil {
		return err
	}
	eof, err := flagOf(r, "eof")
	if err != nil {
		return err
	}
	writer, err := writerOf(r)
	if err != nil {
		return err
	}
	state, err := p.WriteStdin(r.Context(), process.Place{Writer: writer, Offset: offset}, r.Body, eof)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, state)
}

var writerName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// writerOf is the parameter writer, empty if it is missing.
func writerOf(r *http.Request) (string, error) {
	writer := r.URL.Query().Get("writer")
	if writer != "" && !writerName.MatchString(writer) {
		return "", invalid("The parameter writer is %.80q: it must be 1 to 64 letters, digits, '.', '_' and '-'", writer)
	}
	return writer, nil
}

func exit(w http.ResponseWriter, r *http.Request, p *process.Process) error {
	wait, err := waitOf(r)
	if err != nil {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-p.Done():
	case <-r.Context().Done():
	case <-timer.C:
	}
	how, exited := p.Exited()
	if !exited {
		return fault.New(fault.DeadlineExceeded, fault.Process, "Process %q still runs after %v", p.ID(), wait)
	}
	p.Collect()
	return reply(w, http.StatusOK, how)
}

func signal(w http.ResponseWriter, r *http.Request, p *process.Process) error {
	var request struct {
		Signal string `json:"signal"`
	}
	if err := decode(w, r, maxBody, &request); err != nil {
		return err
	}
	if err := p.Signal(request.Signal); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func resize(w http.ResponseWriter, r *http.Request, p *process.Process) error {
	var size process.Size
	if err := decode(w, r, maxBody, &size); err != nil {
		return err
	}
	if err := p.Resize(size); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
