package supervisor

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
)

// serve answers on the control socket: `GET /components`, and `POST /components/{name}/{action}` with the actions restart, kill,
// stop and start. An action answers when its process is gone or, for restart and start, when the next one may start.
func serve(keepers map[string]*keeper, order []string) error {
	if err := os.RemoveAll(ControlSocket); err != nil {
		return err
	}
	listener, err := net.Listen("unix", ControlSocket)
	if err != nil {
		return fmt.Errorf("cannot listen for commands: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /components", func(response http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(response).Encode(examineAll(keepers, order))
	})
	mux.HandleFunc("POST /components/{name}/{action}", func(response http.ResponseWriter, request *http.Request) {
		keeper, known := keepers[request.PathValue("name")]
		if !known {
			http.Error(response, fmt.Sprintf("no component %q here; there are %v", request.PathValue("name"), order), http.StatusNotFound)
			return
		}
		if !act(keeper, request.PathValue("action")) {
			http.Error(response, fmt.Sprintf("unknown action %q", request.PathValue("action")), http.StatusBadRequest)
		}
	})
	return http.Serve(listener, mux)
}

func act(keeper *keeper, action string) bool {
	switch action {
	case "kill":
		keeper.end(syscall.SIGKILL)
	case "restart":
		keeper.want(false)
		keeper.end(syscall.SIGTERM)
		keeper.want(true)
	case "stop":
		keeper.want(false)
		keeper.end(syscall.SIGTERM)
	case "start":
		keeper.want(true)
	default:
		return false
	}
	return true
}

func examineAll(keepers map[string]*keeper, order []string) []Status {
	statuses := make([]Status, len(order))
	var examined sync.WaitGroup
	for i, name := range order {
		examined.Go(func() { statuses[i] = keepers[name].examine() })
	}
	examined.Wait()
	return statuses
}
