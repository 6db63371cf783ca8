// Package api is the agent's HTTP API: the gateway's, without the prefix, as HTTP/2 with prior knowledge.
//
//	GET  /info                         {version, pid, startedAt, uptimeMilliseconds}
//	GET  /readiness?wait=              {state: none|pending|ready|failed, readyAt, attempts, message}, as soon as decided
//	PUT  /limits                       {generation, timeoutSeconds, idleTimeoutSeconds}, both ways: what is kept from now on
//	POST /use                          204: counts this moment as use, for what comes in by other ways
//	POST /terminate                    202: ends the sandbox as SIGTERM does
//	POST /volumes/reload?timeoutSeconds=  204 once what was written to the volumes is on their storage: package volumes; 55 s
//	GET  /usage                        {measuredAt, cpu, memory, disk, processes}: package usage
//	POST /processes                    start: 201 Process; 200 if the same request came before under the same id
//	GET  /processes                    {items: Process[]}
//	GET  /processes/{id}               Process
//	GET  /processes/{id}/stdout?offset=  octets until the end; Sandkeep-Offset says where they start; stderr likewise
//	PUT  /processes/{id}/stdin?offset=&eof=&writer=  {offset, closed}; octets there already are skipped. With a writer, the offset
//	                                   is in what that one has sent, which goes behind all that others have
//	GET  /processes/{id}/exit?wait=    {code, signal, timedOut}; deadline_exceeded while it runs
//	POST /processes/{id}/signal        {signal}: 204
//	POST /processes/{id}/resize        {rows, columns}: 204
//	POST /exec                         start, with all its stdin in base64; NDJSON: {process}, {stream, offset, data}…, {exit}
//
// Files are named by the parameter path, or pathBytes in base64:
//
//	GET    /files                                octets; Range: one range of bytes, 206 and Content-Range, else 416
//	PUT    /files?mode=&sync=                    all of a file at once: 204
//	PATCH  /files?offset=|append=&truncate=&create=&exclusive=&mode=  in place: {offset, size}
//	DELETE /files?recursive=                     204
//	GET    /files/stat                           Info, of a link itself
//	GET    /files/list?limit=&cursor=            {items: Info[], cursor}, sorted by the bytes of the names, 10,000 by default
//	POST   /files/mkdir?parents=&mode=           204
//	POST   /files/rename?to=|toBytes=&exclusive= 204
//	GET    /files/watch?recursive=&types=&timeoutSeconds=  NDJSON Event…, a heartbeat after 15 s without; headers come once it watches
//	GET    /files/archive                        a tree as tar
//	PUT    /files/archive?noOwners=              unpacks a tar: {entries}
//	       /bulk/files…, /bulk/files/archive…    the same, with a large body on an exec stream of its own: see package bulk
//
// Ports are joined to the body of the request and that of the response, in the frames of package ports:
//
//	POST /ports/{port}                           200 once connected; the end of the request's body is passed on to the port
//
// Every frame of exec is sent at once, but for the first, which waits up to 10 ms for another. When output had to go before
// it was read, the next offset shows the gap; a stream of stdout or stderr is reset instead, and a new request sees in
// Sandkeep-Offset where it goes on.
//
// Limits: a body of 1 MiB, 8 MiB to start a process, 24 MiB with stdin in exec, any length for stdin, files and ports; waits
// of 86,400 s; 1,024 requests at once on a connection. Unknown fields and parameters of the wrong form are invalid_argument.
// Errors are described in package fault; what each route refuses, in packages process, files, watch, archive and ports.
package api

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"sandkeep.dev/agent/internal/activity"
	"sandkeep.dev/agent/internal/bulk"
	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/limits"
	"sandkeep.dev/agent/internal/process"
	"sandkeep.dev/agent/internal/readiness"
	"sandkeep.dev/agent/internal/usage"
	"sandkeep.dev/agent/internal/volumes"
)

// API is what the requests are about.
type API struct {
	Version   string
	StartedAt time.Time
	Processes *process.Table
	Use       *activity.Use
	Limits    *limits.Keeper
	Readiness *readiness.Check
	Bulk      *bulk.Tickets
	// Volumes are the paths that a reload writes out.
	Volumes []string
}

func (a *API) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /info", answer(a.info))
	mux.Handle("GET /readiness", answer(a.readiness))
	mux.Handle("PUT /limits", answer(a.limits))
	mux.Handle("POST /use", answer(a.use))
	mux.Handle("POST /terminate", answer(terminate))
	mux.Handle("GET /usage", answer(usageNow))
	mux.Handle("POST /volumes/reload", answer(a.reloadVolumes))
	mux.Handle("POST /exec", answer(a.exec))
	mux.Handle("POST /processes", answer(a.start))
	mux.Handle("GET /processes", answer(a.list))
	mux.Handle("GET /processes/{id}", a.ofProcess(get))
	mux.Handle("GET /processes/{id}/stdout", a.ofProcess(stdout))
	mux.Handle("GET /processes/{id}/stderr", a.ofProcess(stderr))
	mux.Handle("PUT /processes/{id}/stdin", a.ofProcess(stdin))
	mux.Handle("GET /processes/{id}/exit", a.ofProcess(exit))
	mux.Handle("POST /processes/{id}/signal", a.ofProcess(signal))
	mux.Handle("POST /processes/{id}/resize", a.ofProcess(resize))
	routeFiles(mux)
	mux.Handle("POST /ports/{port}", answer(a.port))
	for _, route := range []string{"/bulk/files", "/bulk/files/archive"} {
		mux.Handle(route, a.Bulk.Over(http.StripPrefix("/bulk", mux), func(w http.ResponseWriter, err error) { refuse(w, fault.Of(err)) }))
	}
	mux.Handle("/", answer(func(_ http.ResponseWriter, r *http.Request) error {
		return fault.New(fault.NotFound, fault.Request, "There is no route %s %.200s", r.Method, r.URL.Path)
	}))
	return mux
}

func (a *API) info(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, map[string]any{
		"version":            a.Version,
		"pid":                os.Getpid(),
		"startedAt":          process.Timestamp(a.StartedAt),
		"uptimeMilliseconds": time.Since(a.StartedAt).Milliseconds(),
	})
}

func (a *API) readiness(w http.ResponseWriter, r *http.Request) error {
	wait, err := waitOf(r)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, a.Readiness.Wait(r.Context(), wait))
}

func (a *API) limits(w http.ResponseWriter, r *http.Request) error {
	var wanted limits.Limits
	if err := decode(w, r, maxBody, &wanted); err != nil {
		return err
	}
	kept, err := a.Limits.Set(wanted)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, kept)
}

// use is told by the gateway of requests that it passes on to a port: they may be over before anybody looks at the kernel's table.
func (a *API) use(w http.ResponseWriter, _ *http.Request) error {
	end, err := a.Use.Begin()
	if err != nil {
		return err
	}
	end()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// terminate tells process 1 in the way in which Kubernetes does.
func terminate(w http.ResponseWriter, _ *http.Request) error {
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

const reloadTimeout = 55 * time.Second

func (a *API) reloadVolumes(w http.ResponseWriter, r *http.Request) error {
	timeout, err := secondsOf(r, "timeoutSeconds", reloadTimeout)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	if err := volumes.Reload(ctx, a.Volumes); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func usageNow(w http.ResponseWriter, _ *http.Request) error {
	now := usage.Now()
	return reply(w, http.StatusOK, struct {
		MeasuredAt string `json:"measuredAt"`
		usage.Usage
	}{process.Timestamp(now.MeasuredAt), now})
}

// recovered answers what a handler that panics can no longer answer, and tells the container's log.
func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch cause := recover(); cause {
			case nil:
			case http.ErrAbortHandler:
				panic(cause)
			default:
				fmt.Fprintf(os.Stderr, "sandkeep agent: %s %s failed: %v\n%s", r.Method, r.URL.Path, cause, debug.Stack())
				refuse(w, fault.New(fault.Internal, fault.Request, "The agent failed to serve %s %s", r.Method, r.URL.Path))
			}
		}()
		next.ServeHTTP(w, r)
	})
}
