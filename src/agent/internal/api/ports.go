package api

import (
	"net/http"
	"strconv"

	"sandkeep.dev/agent/internal/ports"
)

// port joins the request and the response to a port, until both directions have ended.
func (a *API) port(w http.ResponseWriter, r *http.Request) error {
	number, err := strconv.ParseUint(r.PathValue("port"), 10, 16)
	if err != nil || number == 0 {
		return invalid("The port is %.40q: it must be a whole number from 1 to 65535", r.PathValue("port"))
	}
	end, err := a.Use.Begin()
	if err != nil {
		return err
	}
	defer end()
	connection, err := ports.Dial(r.Context(), uint16(number))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	down := &flushing{w, http.NewResponseController(w)}
	_ = down.controller.Flush()
	if ports.Join(r.Context(), connection, r.Body, down) != nil {
		// It must not look complete.
		panic(http.ErrAbortHandler)
	}
	return nil
}

// flushing sends each write at once.
type flushing struct {
	http.ResponseWriter
	controller *http.ResponseController
}

func (f *flushing) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	if err != nil {
		return n, err
	}
	return n, f.controller.Flush()
}
