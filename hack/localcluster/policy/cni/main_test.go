package main

import (
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

const result = `{"cniVersion":"1.0.0","ips":[{"address":"10.100.1.7/24","gateway":"10.100.1.1"}]}`

// enforcer answers on a socket with a status and keeps what it was asked.
func enforcer(t *testing.T, status int) (socket string, asked func() (string, map[string]any)) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var line string
	body := map[string]any{}
	server := &http.Server{Handler: http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		line = request.Method + " " + request.URL.Path
		_ = json.NewDecoder(request.Body).Decode(&body)
		response.WriteHeader(status)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return socket, func() (string, map[string]any) { return line, body }
}

func configuration(socket string) *strings.Reader {
	return strings.NewReader(`{"cniVersion":"1.0.0","name":"net","type":"sandkeep-netpol-cni","socket":"` + socket + `","prevResult":` + result + `}`)
}

func TestAdd(t *testing.T) {
	t.Setenv("CNI_CONTAINERID", "c1")
	t.Setenv("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=x;K8S_POD_NAME=a;K8S_POD_UID=u1")
	socket, asked := enforcer(t, http.StatusOK)
	var stdout strings.Builder
	if err := run("ADD", configuration(socket), &stdout); err != nil {
		t.Fatal(err)
	}
	if stdout.String() != result {
		t.Errorf("printed %s, want the result of the plugins before", stdout.String())
	}
	line, body := asked()
	got, _ := json.Marshal(body)
	if want := `{"addresses":["10.100.1.7"],"container":"c1","name":"x/a","pod":"u1"}`; line != "PUT /claims" || string(got) != want {
		t.Errorf("asked %s %s, want PUT /claims %s", line, got, want)
	}
}

func TestAddFailsWithoutEnforcement(t *testing.T) {
	refusing, _ := enforcer(t, http.StatusServiceUnavailable)
	for name, socket := range map[string]string{"enforcer refuses": refusing, "enforcer is gone": filepath.Join(t.TempDir(), "none")} {
		t.Run(name, func(t *testing.T) {
			var stdout strings.Builder
			if err := run("ADD", configuration(socket), &stdout); err == nil || stdout.Len() > 0 {
				t.Errorf("error %v, printed %q", err, stdout.String())
			}
		})
	}
}

func TestDel(t *testing.T) {
	t.Setenv("CNI_CONTAINERID", "c1")
	socket, asked := enforcer(t, http.StatusOK)
	var stdout strings.Builder
	if err := run("DEL", configuration(socket), &stdout); err != nil {
		t.Fatal(err)
	}
	if line, _ := asked(); line != "DELETE /claims/c1" {
		t.Errorf("asked %s", line)
	}
	if err := run("DEL", configuration("/nonexistent"), &stdout); err != nil {
		t.Errorf("DEL must succeed without an enforcer: %v", err)
	}
}

func TestVersion(t *testing.T) {
	var stdout strings.Builder
	if err := run("VERSION", strings.NewReader(""), &stdout); err != nil || !strings.Contains(stdout.String(), `"1.0.0"`) {
		t.Errorf("error %v, printed %q", err, stdout.String())
	}
}
