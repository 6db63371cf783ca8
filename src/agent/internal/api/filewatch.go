package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"sandkeep.dev/agent/internal/files/watch"
)

// heartbeat is how long nothing may come from a watch.
const heartbeat = 15 * time.Second

func watchFiles(w http.ResponseWriter, r *http.Request, path string, q *query) error {
	options := watch.Options{Recursive: q.flag("recursive"), Types: q.eventTypes()}
	timeout := q.timeout()
	if q.err != nil {
		return q.err
	}
	watched, err := watch.Start(path, options)
	if err != nil {
		return err
	}
	defer watched.Close()
	stop := context.AfterFunc(r.Context(), watched.Interrupt)
	defer stop()
	w.Header().Set("Content-Type", "application/x-ndjson")
	report(w, watched, time.Now().Add(timeout), heartbeat)
	return nil
}

// report writes events as they come, until the end. The first flush says that the watch has begun.
func report(w http.ResponseWriter, watched *watch.Watch, end time.Time, heartbeat time.Duration) {
	var lines bytes.Buffer
	encoder, flusher := json.NewEncoder(&lines), http.NewResponseController(w)
	for flusher.Flush() == nil {
		until := time.Now().Add(heartbeat)
		if until.After(end) {
			until = end
		}
		events, err := watched.Next(until)
		if errors.Is(err, os.ErrDeadlineExceeded) && until.Before(end) {
			events = []watch.Event{{Type: watch.Heartbeat, Paths: []string{}}}
		} else if err != nil {
			return
		}
		lines.Reset()
		for _, event := range events {
			_ = encoder.Encode(event)
		}
		if _, err := w.Write(lines.Bytes()); err != nil {
			return
		}
	}
}

// eventTypes are names separated by commas; everything but access if none are given.
func (q *query) eventTypes() map[watch.Type]bool {
	types := map[watch.Type]bool{watch.Create: true, watch.Modify: true, watch.Delete: true, watch.Rename: true}
	if !q.values.Has("types") {
		return types
	}
	wanted := map[watch.Type]bool{}
	for name := range strings.SplitSeq(q.values.Get("types"), ",") {
		switch kind := watch.Type(name); {
		case types[kind] || kind == watch.Access:
			wanted[kind] = true
		case name != "":
			q.refuse(invalid("The parameter types has %.40q: it must be a list of create, modify, delete, rename and access", name))
		}
	}
	return wanted
}

// timeout is after how many seconds a watch ends; never, if it is not given.
func (q *query) timeout() time.Duration {
	text := q.values.Get("timeoutSeconds")
	if text == "" {
		return math.MaxInt64
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= 0 && seconds <= maxWait.Seconds()) {
		q.refuse(invalid("The parameter timeoutSeconds is %.40q: it must be seconds from 0 to %d", text, int(maxWait.Seconds())))
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}
