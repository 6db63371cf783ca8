package api

import (
	"bufio"
	"net/http"

	"sandkeep.dev/agent/internal/files/archive"
)

// archivePart is how many octets of an archive are gathered before they are sent.
const archivePart = 64 << 10

func packFiles(w http.ResponseWriter, _ *http.Request, path string, _ *query) error {
	body := &archiveBody{w: w}
	parts := bufio.NewWriterSize(body, archivePart)
	err := archive.Pack(parts, path)
	if err == nil {
		err = parts.Flush()
	}
	if err != nil && body.begun {
		// It must not look complete.
		panic(http.ErrAbortHandler)
	}
	return err
}

// archiveBody knows whether anything has been sent.
type archiveBody struct {
	w     http.ResponseWriter
	begun bool
}

func (b *archiveBody) Write(p []byte) (int, error) {
	if !b.begun {
		b.begun = true
		b.w.Header().Set("Content-Type", "application/x-tar")
	}
	return b.w.Write(p)
}

func unpackFiles(w http.ResponseWriter, r *http.Request, path string, q *query) error {
	noOwners := q.flag("noOwners")
	if q.err != nil {
		return q.err
	}
	entries, err := archive.Unpack(path, r.Body, !noOwners)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]int{"entries": entries})
}
