package components

import "sandkeep.dev/localcluster/internal/supervisor"

const policySocket = "/run/sandkeep-netpol.sock"

// policy enforces NetworkPolicies; the last plugin of the CNI chain holds Pods back until theirs are in force.
func policy(m Machine) (supervisor.Component, error) {
	return supervisor.Component{
		Name: "policy",
		Command: []string{
			m.program("sandkeep-netpol"), "--kubeconfig", m.kubeconfig("policy"), "--node", m.Name(),
			"--pod-cidr", m.Addresses.NodePods(m.Number), "--socket", policySocket,
		},
		Awaits: []supervisor.Health{m.serverAnswers()},
		Health: supervisor.Health{Socket: policySocket, URL: "http://policy/healthz"},
	}, nil
}
