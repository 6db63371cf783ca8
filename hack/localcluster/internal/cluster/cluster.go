// Package cluster starts, describes and ends local clusters.
package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sandkeep.dev/localcluster/internal/address"
	"sandkeep.dev/localcluster/internal/components"
	"sandkeep.dev/localcluster/internal/host"
	"sandkeep.dev/localcluster/internal/layout"
)

// Options is what a cluster is asked to be.
type Options struct {
	Name         string `json:"name"`
	Nodes        int    `json:"nodes"`
	FeatureGates string `json:"featureGates,omitempty"`
	Emulated     string `json:"emulated,omitempty"`
}

// Cluster is what is stored of a cluster, from before its first process starts.
type Cluster struct {
	Options
	Index    int       `json:"index"`
	Programs string    `json:"programs"`
	Created  time.Time `json:"created"`
	// Supervisors are the first processes of the nodes, in order.
	Supervisors []host.Process `json:"supervisors"`
	folder      string
}

// Load reads what is stored of a cluster; for one that does not exist, the error is fs.ErrNotExist.
func Load(cache, name string) (Cluster, error) {
	folder, err := layout.Cluster(cache, name)
	if err != nil {
		return Cluster{}, err
	}
	cluster := Cluster{folder: folder}
	body, err := os.ReadFile(filepath.Join(folder, "cluster.json"))
	if err != nil {
		return cluster, err
	}
	if err := json.Unmarshal(body, &cluster); err != nil {
		return cluster, fmt.Errorf("cannot read the state of cluster %q: %w", name, err)
	}
	return cluster, nil
}

// Running is Load for a cluster that has to run; its error says how to start it.
func Running(cache, name string) (Cluster, error) {
	cluster, err := Load(cache, name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !cluster.Alive() {
		return cluster, fmt.Errorf("cluster %q does not run; start it with: hack/cluster up --name %s", name, name)
	}
	return cluster, err
}

// Names lists the clusters of a cache, running or not.
func Names(cache string) ([]string, error) {
	entries, err := os.ReadDir(layout.Clusters(cache))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// Alive tells whether all nodes of the cluster run.
func (c Cluster) Alive() bool {
	for _, supervisor := range c.Supervisors {
		if !supervisor.Alive() {
			return false
		}
	}
	return len(c.Supervisors) == c.machines()
}

// Kubeconfig is the path of the administrator's kubeconfig.
func (c Cluster) Kubeconfig() string { return filepath.Join(c.folder, "kubeconfig") }

// Log is the path of a component's log.
func (c Cluster) Log(component string) string {
	for number := range c.machines() {
		path := filepath.Join(c.machine(number+1).Folder, "log", component+".log")
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return filepath.Join(c.machine(1).Folder, "log", component+".log")
}

// Registry is the host and port of the cluster's image registry.
func (c Cluster) Registry() string { return c.machine(1).Registry() }

// Server is the API server's URL.
func (c Cluster) Server() string { return c.machine(1).Server() }

func (c Cluster) save() error {
	body, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	fresh := filepath.Join(c.folder, "cluster.json.new")
	if err := os.WriteFile(fresh, body, 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, filepath.Join(c.folder, "cluster.json"))
}

// machines is the number of sets of namespaces: without nodes the control plane still needs one.
func (c Cluster) machines() int { return max(1, c.Nodes) }

func (c Cluster) addresses() address.Plan { return address.Plan{Index: c.Index} }

func (c Cluster) pki() string { return filepath.Join(c.folder, "pki") }

func (c Cluster) machine(number int) components.Machine {
	return components.Machine{
		Cluster: c.Name, Number: number, Nodes: c.Nodes, Addresses: c.addresses(),
		Programs: c.Programs, PKI: c.pki(), Folder: filepath.Join(c.folder, fmt.Sprintf("node%d", number)),
		FeatureGates: c.FeatureGates, Emulated: c.Emulated,
	}
}
