// Package supervisor runs the components of one node as the first process of namespaces of their own.
package supervisor

import (
	"encoding/json"
	"fmt"
	"os"
)

// ControlSocket is where a supervisor answers, seen from inside its mount namespace.
const ControlSocket = "/run/sandkeep-cluster.sock"

// Spec is all that a supervisor needs to know.
type Spec struct {
	Binds      []Bind      `json:"binds"`
	Sysctls    []Sysctl    `json:"sysctls"`
	Path       string      `json:"path"`
	Logs       string      `json:"logs"`
	Components []Component `json:"components"`
}

// Bind shows a folder of the node at a path that programs insist on.
type Bind struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Sysctl is a kernel setting of the node's network namespace, as a path below /proc/sys.
type Sysctl struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// Component is a program that is kept running.
type Component struct {
	Name    string   `json:"name"`
	Command []string `json:"command"`
	// Awaits has to hold, once, before the first start.
	Awaits []Health `json:"awaits,omitempty"`
	// Removes names files of an earlier run that would be taken for this one's.
	Removes []string `json:"removes,omitempty"`
	Health  Health   `json:"health"`
}

// Write stores the spec as JSON.
func (s Spec) Write(path string) error {
	body, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o600)
}

func readSpec(path string) (Spec, error) {
	var spec Spec
	body, err := os.ReadFile(path)
	if err != nil {
		return spec, err
	}
	if err := json.Unmarshal(body, &spec); err != nil {
		return spec, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return spec, nil
}
