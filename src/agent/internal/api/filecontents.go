package api

import (
	"errors"
	"net/http"
	"strconv"

	"sandkeep.dev/agent/internal/files"
)

func readFile(w http.ResponseWriter, r *http.Request, path string, _ *query) error {
	wanted, err := files.ParseRange(r.Header.Get("Range"))
	if err != nil {
		return err
	}
	contents, err := files.Open(r.Context(), path, wanted, r.Header.Get("If-Range"))
	var unsatisfiable *files.Unsatisfiable
	if errors.As(err, &unsatisfiable) {
		w.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(unsatisfiable.Size, 10))
		return reply(w, http.StatusRequestedRangeNotSatisfiable, unsatisfiable.Fault)
	} else if err != nil {
		return err
	}
	defer contents.Close()
	describe(w.Header(), contents)
	status := http.StatusOK
	if contents.Partial {
		status = http.StatusPartialContent
		w.Header().Set("Content-Range", contentRange(contents))
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := contents.WriteTo(w); err != nil {
		// It must not look complete.
		panic(http.ErrAbortHandler)
	}
	return nil
}

func describe(header http.Header, contents *files.Contents) {
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Accept-Ranges", "bytes")
	header.Set("Etag", contents.Version)
	if contents.Length >= 0 {
		header.Set("Content-Length", strconv.FormatInt(contents.Length, 10))
	}
}

func contentRange(c *files.Contents) string {
	text := strconv.AppendInt([]byte("bytes "), c.Start, 10)
	text = strconv.AppendInt(append(text, '-'), c.Start+c.Length-1, 10)
	return string(strconv.AppendInt(append(text, '/'), c.Size, 10))
}

func writeFile(w http.ResponseWriter, r *http.Request, path string, q *query) error {
	options := files.WriteOptions{Mode: q.mode(), Sync: q.flag("sync"), Size: r.ContentLength}
	if q.err != nil {
		return q.err
	}
	return done(w, files.Write(path, r.Body, options))
}

func patchFile(w http.ResponseWriter, r *http.Request, path string, q *query) error {
	options := files.PatchOptions{
		Offset: q.number("offset"), Append: q.flag("append"), Truncate: q.number("truncate"),
		Create: q.flag("create"), Exclusive: q.flag("exclusive"), Mode: q.mode(), Size: r.ContentLength,
	}
	if q.err != nil {
		return q.err
	}
	patched, err := files.Patch(path, r.Body, options)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, patched)
}
