package components

import "sandkeep.dev/localcluster/internal/supervisor"

func proxy(m Machine) (supervisor.Component, error) {
	health := m.Address() + ":10256"
	type object = map[string]any
	return supervisor.Component{
			Name:    "proxy",
			Command: []string{m.program("kube-proxy"), "--config=" + m.file("proxy.yaml"), "--hostname-override=" + m.Name()},
			Awaits:  []supervisor.Health{m.serverReady()},
			Health:  supervisor.Health{URL: "http://" + health + "/livez"},
		}, m.write("proxy.yaml", object{
			"apiVersion":         "kubeproxy.config.k8s.io/v1alpha1",
			"kind":               "KubeProxyConfiguration",
			"mode":               "nftables",
			"clusterCIDR":        m.Addresses.Pods(),
			"clientConnection":   object{"kubeconfig": m.kubeconfig("proxy")},
			"healthzBindAddress": health,
			// Services take effect at once rather than once a second.
			"nftables": object{"minSyncPeriod": "50ms"},
			// Zeros leave the host's kernel settings alone.
			"conntrack": object{"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
		})
}
