package pki

import (
	"encoding/json"
	"os"
)

// WriteKubeconfig issues a certificate and writes a kubeconfig that carries it whole, so that the file works wherever it is copied.
func (a *Authority) WriteKubeconfig(path, name, server string, identity Identity) error {
	certificate, key, err := a.issue(name, identity)
	if err != nil {
		return err
	}
	type named map[string]any
	config := map[string]any{
		"apiVersion":      "v1",
		"kind":            "Config",
		"current-context": "sandkeep",
		"clusters":        []named{{"name": "sandkeep", "cluster": named{"server": server, "certificate-authority-data": a.encoded}}},
		"users":           []named{{"name": name, "user": named{"client-certificate-data": certificate, "client-key-data": key}}},
		"contexts":        []named{{"name": "sandkeep", "context": named{"cluster": "sandkeep", "user": name}}},
	}
	// JSON is YAML.
	body, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o600)
}
