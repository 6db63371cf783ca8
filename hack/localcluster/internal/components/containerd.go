package components

import (
	"fmt"
	"os"

	"sandkeep.dev/localcluster/internal/supervisor"
)

// ContainerdSocket is where containerd answers, seen from inside a node.
const ContainerdSocket = "/run/containerd/containerd.sock"

var containerdHealth = supervisor.Health{Socket: ContainerdSocket}

func containerd(m Machine) (supervisor.Component, error) {
	component := supervisor.Component{
		Name:    "containerd",
		Command: []string{m.program("containerd"), "-c", m.file("containerd.toml")},
		// kubelet takes the file for an answer and gives up when there is none.
		Removes: []string{ContainerdSocket},
		Health:  containerdHealth,
	}
	if err := m.write("containerd.toml", fmt.Sprintf(containerdConfig, m.file("containerd"), m.file("certs.d"), m.Programs, m.file("cni"), m.program("runc"))); err != nil {
		return component, err
	}
	if err := os.MkdirAll(m.file("certs.d/_default"), 0o755); err != nil {
		return component, err
	}
	// The local registry stands for every other: no name is ever looked up outside.
	mirror := fmt.Sprintf("server = \"http://%s\"\n[host.\"http://%s\"]\n  capabilities = [\"pull\", \"resolve\"]\n", m.Registry(), m.Registry())
	if err := m.write("certs.d/_default/hosts.toml", mirror); err != nil {
		return component, err
	}
	return component, m.write("cni/10-sandkeep.conflist", m.network())
}

const containerdConfig = `version = 3
root = "%s"
state = "/run/containerd/state"
[grpc]
  address = "/run/containerd/containerd.sock"
[ttrpc]
  address = "/run/containerd/containerd.ttrpc.sock"
[plugins."io.containerd.nri.v1.nri"]
  disable = true
[plugins."io.containerd.cri.v1.images"]
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "docker.io/library/pause:1"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "%s"
[plugins."io.containerd.cri.v1.runtime"]
  # Needed where CAP_SYS_RESOURCE is withheld, harmless elsewhere.
  restrict_oom_score_adj = true
  enable_unprivileged_ports = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["%s", "/usr/lib/cni", "/opt/cni/bin"]
    conf_dir = "%s"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      BinaryName = "%s"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runsc]
    runtime_type = "io.containerd.runsc.v1"
`

// network is the CNI chain. ptp, unlike bridge, routes every packet through the node's forward hook: Services and NetworkPolicies
// apply between Pods of one node too.
func (m Machine) network() any {
	type object = map[string]any
	return object{
		"cniVersion": "1.0.0",
		"name":       "sandkeep",
		"plugins": []object{
			{
				"type": "ptp",
				"ipam": object{
					"type": "host-local", "dataDir": m.file("ipam"),
					"ranges": [][]object{{{"subnet": m.Addresses.NodePods(m.Number)}}},
					"routes": []object{{"dst": "0.0.0.0/0"}},
				},
			},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
			{"type": "sandkeep-netpol-cni", "socket": policySocket},
		},
	}
}
