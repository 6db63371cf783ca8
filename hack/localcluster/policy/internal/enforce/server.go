package enforce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// patience is how long the network plugin is kept waiting before a Pod's start fails and is tried again.
const patience = 5 * time.Second

// Serve answers the network plugin on a unix socket until the context ends: `PUT /claims` with a Claim returns once it is
// enforced, `DELETE /claims/{container}` releases it, and `GET /healthz` answers once the first sync is done.
func (e *Enforcer) Serve(ctx context.Context, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot replace socket %s: %w", path, err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("cannot listen for the network plugin: %w", err)
	}
	server := &http.Server{Handler: e.routes(), ReadHeaderTimeout: patience}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("cannot serve the network plugin: %w", err)
	}
	return nil
}

func (e *Enforcer) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /claims", func(response http.ResponseWriter, request *http.Request) {
		var claim Claim
		if err := json.NewDecoder(request.Body).Decode(&claim); err != nil {
			http.Error(response, err.Error(), http.StatusBadRequest)
			return
		}
		ctx, cancel := context.WithTimeout(request.Context(), patience)
		defer cancel()
		if err := e.Claim(ctx, claim); err != nil {
			http.Error(response, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("DELETE /claims/{container}", func(_ http.ResponseWriter, request *http.Request) {
		e.Release(request.PathValue("container"))
	})
	mux.HandleFunc("GET /healthz", func(response http.ResponseWriter, request *http.Request) {
		ctx, cancel := context.WithTimeout(request.Context(), patience)
		defer cancel()
		if err := e.done.wait(ctx, 1); err != nil {
			http.Error(response, "first sync not done", http.StatusServiceUnavailable)
		}
	})
	return mux
}
