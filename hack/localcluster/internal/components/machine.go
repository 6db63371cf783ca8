// Package components says how each program of a node is configured and started.
package components

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sandkeep.dev/localcluster/internal/address"
	"sandkeep.dev/localcluster/internal/supervisor"
)

// Machine is one node's place in its cluster.
type Machine struct {
	Cluster string
	// Number counts nodes from 1; the first also runs the control plane.
	Number int
	// Nodes is how many nodes have a kubelet; with 0 there is only a control plane to talk to.
	Nodes        int
	Addresses    address.Plan
	Programs     string
	PKI          string
	Folder       string
	FeatureGates string
	// Emulated is the Kubernetes minor version that the control plane behaves like, such as 1.34; empty for its own.
	Emulated string
}

// Name is the node's name in Kubernetes.
func (m Machine) Name() string { return fmt.Sprintf("node%d", m.Number) }

// Address is the node's address.
func (m Machine) Address() string { return m.Addresses.Node(m.Number) }

// Server is the API server's URL.
func (m Machine) Server() string { return "https://" + m.Addresses.Node(1) + ":6443" }

// Registry is the host and port of the cluster's image registry.
func (m Machine) Registry() string { return m.Addresses.Node(1) + ":5000" }

// Cgroup is the cgroup, below each hierarchy's root, that holds the node's Pods.
func (m Machine) Cgroup() string { return m.ClusterCgroup() + "/" + m.Name() }

// ClusterCgroup holds the cgroups of all the cluster's nodes. The bridge is part of its name, as clusters of two caches may be called the same.
func (m Machine) ClusterCgroup() string {
	return fmt.Sprintf("sandkeep-%s.%s", m.Cluster, m.Addresses.Bridge())
}

// Spec writes the configuration of all components and returns what the node's supervisor has to do.
func (m Machine) Spec() (supervisor.Spec, error) {
	spec := supervisor.Spec{
		Binds: []supervisor.Bind{
			{From: m.file("kubelet"), To: "/var/lib/kubelet"},
			{From: m.file("cni-cache"), To: "/var/lib/cni"},
			{From: m.file("var-log"), To: "/var/log"},
		},
		Sysctls: []supervisor.Sysctl{{Path: "net/ipv4/ip_forward", Value: "1"}},
		Path:    m.Programs + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		Logs:    m.file("log"),
	}
	for _, folder := range []string{spec.Logs, m.file("cni")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return spec, err
		}
	}
	for _, make := range m.makers() {
		component, err := make(m)
		if err != nil {
			return spec, err
		}
		if m.Number > 1 {
			component.Name = fmt.Sprintf("%s-%d", component.Name, m.Number)
		}
		spec.Components = append(spec.Components, component)
	}
	return spec, nil
}

type maker func(Machine) (supervisor.Component, error)

func (m Machine) makers() []maker {
	var makers []maker
	if m.Number == 1 {
		makers = append(makers, etcd, apiserver, controllerManager)
	}
	if m.Number == 1 && m.Nodes > 0 {
		makers = append(makers, scheduler, registry, dns, provisioner)
	}
	if m.Nodes > 0 {
		makers = append(makers, containerd, kubelet, proxy, policy)
	}
	return makers
}

// serverReady holds when the API server answers and has made its own roles.
func (m Machine) serverReady() supervisor.Health {
	return supervisor.Health{URL: m.Server() + "/readyz", PKI: m.PKI, Certificate: "admin"}
}

// serverAnswers holds a second earlier: enough for who needs none of its roles.
func (m Machine) serverAnswers() supervisor.Health {
	return supervisor.Health{URL: m.Server() + "/livez/ping", PKI: m.PKI, Certificate: "admin"}
}

func (m Machine) file(name string) string { return filepath.Join(m.Folder, name) }

func (m Machine) program(name string) string { return filepath.Join(m.Programs, name) }

func (m Machine) kubeconfig(name string) string { return filepath.Join(m.PKI, name+".conf") }

// write stores a file of the node's folder; values may be a string, or anything else to be stored as JSON, which is YAML as well.
func (m Machine) write(name string, value any) error {
	if text, ok := value.(string); ok {
		return os.WriteFile(m.file(name), []byte(text), 0o644)
	}
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(m.file(name), body, 0o644)
}

// versioned adds the flags by which a control plane component behaves like an older release or with other features.
func (m Machine) versioned(command []string) []string {
	if m.Emulated != "" {
		command = append(command, "--emulated-version="+m.Emulated)
	}
	if m.FeatureGates != "" {
		command = append(command, "--feature-gates="+m.FeatureGates)
	}
	return command
}

// gates are the feature gates as a kubelet's configuration wants them.
func (m Machine) gates() map[string]bool {
	gates := map[string]bool{}
	for _, gate := range strings.Split(m.FeatureGates, ",") {
		if name, value, ok := strings.Cut(gate, "="); ok {
			gates[name] = value == "true"
		}
	}
	return gates
}
