package supervisor

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	answers := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.URL.Path != "/healthy" {
			http.Error(response, "no", http.StatusServiceUnavailable)
		}
	}))
	defer answers.Close()
	socket := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for name, row := range map[string]struct {
		health  Health
		problem string
	}{
		"nothing asked":         {Health{}, ""},
		"URL answers":           {Health{URL: answers.URL + "/healthy"}, ""},
		"URL refuses":           {Health{URL: answers.URL + "/other"}, "503"},
		"nobody at URL":         {Health{URL: "http://127.0.0.1:1/"}, "refused"},
		"socket accepts":        {Health{Socket: socket}, ""},
		"no socket":             {Health{Socket: socket + "2"}, "no such file"},
		"certificate not there": {Health{URL: "https://127.0.0.1:1/", PKI: "/nowhere", Certificate: "admin"}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			err := newProber(row.health).check(t.Context())
			if (err == nil) != (row.problem == "") || err != nil && !strings.Contains(err.Error(), row.problem) {
				t.Errorf("check said: %v", err)
			}
		})
	}
}
