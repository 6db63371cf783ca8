package api

import (
	"net/http"

	"sandkeep.dev/agent/internal/files"
)

func routeFiles(mux *http.ServeMux) {
	mux.Handle("GET /files", ofFile(readFile))
	mux.Handle("PUT /files", ofFile(writeFile))
	mux.Handle("PATCH /files", ofFile(patchFile))
	mux.Handle("DELETE /files", ofFile(removeFile))
	mux.Handle("GET /files/stat", ofFile(statFile))
	mux.Handle("GET /files/list", ofFile(listFiles))
	mux.Handle("GET /files/watch", ofFile(watchFiles))
	mux.Handle("GET /files/archive", ofFile(packFiles))
	mux.Handle("PUT /files/archive", ofFile(unpackFiles))
	mux.Handle("POST /files/mkdir", ofFile(makeDirectory))
	mux.Handle("POST /files/rename", ofFile(renameFile))
}

func ofFile(h func(w http.ResponseWriter, r *http.Request, path string, q *query) error) http.Handler {
	return answer(func(w http.ResponseWriter, r *http.Request) error {
		q := queryOf(r)
		path := q.path("path")
		if q.err != nil {
			return q.err
		}
		return h(w, r, path, q)
	})
}

func statFile(w http.ResponseWriter, _ *http.Request, path string, _ *query) error {
	info, err := files.Stat(path)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, info)
}

func makeDirectory(w http.ResponseWriter, _ *http.Request, path string, q *query) error {
	parents, mode := q.flag("parents"), q.mode()
	if q.err != nil {
		return q.err
	}
	return done(w, files.MakeDirectory(path, parents, mode))
}

func renameFile(w http.ResponseWriter, _ *http.Request, path string, q *query) error {
	to, exclusive := q.path("to"), q.flag("exclusive")
	if q.err != nil {
		return q.err
	}
	return done(w, files.Rename(path, to, exclusive))
}

func removeFile(w http.ResponseWriter, _ *http.Request, path string, q *query) error {
	recursive := q.flag("recursive")
	if q.err != nil {
		return q.err
	}
	return done(w, files.Remove(path, recursive))
}

func done(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}
