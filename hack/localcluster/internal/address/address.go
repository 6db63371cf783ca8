// Package address assigns each cluster ranges of its own, so that clusters stand side by side.
package address

import "fmt"

const (
	// MostClusters is how many clusters a machine has ranges for.
	MostClusters = 64
	// MostNodes is how many nodes a cluster has ranges for.
	MostNodes = 4
	// Services is the range of Service addresses; it is only seen inside a cluster, so all clusters share it.
	Services = "10.96.0.0/16"
	// KubernetesService is the address of the Service `kubernetes`.
	KubernetesService = "10.96.0.1"
	// DNSService is the address that Pods ask for names.
	DNSService = "10.96.0.10"
)

// Plan is the addresses of the cluster with that index.
type Plan struct{ Index int }

// Host is the host's address on the cluster's bridge.
func (p Plan) Host() string { return fmt.Sprintf("10.90.%d.1", p.Index) }

// NodeRange holds the host's and all nodes' addresses.
func (p Plan) NodeRange() string { return fmt.Sprintf("10.90.%d.0/24", p.Index) }

// Node is the address of the node with that number, from 1.
func (p Plan) Node(number int) string { return fmt.Sprintf("10.90.%d.%d", p.Index, number+1) }

// Pods is the range of all Pods of the cluster.
func (p Plan) Pods() string { return fmt.Sprintf("10.100.%d.0/22", p.Index*MostNodes) }

// NodePods is the range of the Pods of one node.
func (p Plan) NodePods(number int) string {
	return fmt.Sprintf("10.100.%d.0/24", p.Index*MostNodes+number-1)
}

// Bridge is the host's network device that joins the nodes.
func (p Plan) Bridge() string { return fmt.Sprintf("sandkeep%d", p.Index) }

// Port is the host's end of a node's cable.
func (p Plan) Port(number int) string { return fmt.Sprintf("sandkeep%dn%d", p.Index, number) }
