package components

import "sandkeep.dev/localcluster/internal/supervisor"

// RegistryStorage is the folder of a node's folder that holds the registry's images.
const RegistryStorage = "registry"

func registry(m Machine) (supervisor.Component, error) {
	return supervisor.Component{
		Name:    "registry",
		Command: []string{m.program("registry"), "serve", m.file("registry.yaml")},
		Health:  supervisor.Health{URL: "http://" + m.Registry() + "/v2/"},
	}, m.write("registry.yaml", RegistryConfig(m.file(RegistryStorage), m.Registry()))
}

// RegistryConfig is the configuration of a registry that keeps images in a folder and listens on host:port.
func RegistryConfig(folder, listen string) any {
	return map[string]any{
		"version": 0.1,
		"log":     map[string]any{"level": "warn"},
		"storage": map[string]any{
			"filesystem": map[string]any{"rootdirectory": folder},
			"delete":     map[string]any{"enabled": true},
		},
		"http": map[string]any{"addr": listen},
	}
}
