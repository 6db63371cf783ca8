package components

import (
	"fmt"

	"sandkeep.dev/localcluster/internal/address"
	"sandkeep.dev/localcluster/internal/supervisor"
)

func kubelet(m Machine) (supervisor.Component, error) {
	component := supervisor.Component{
		Name: "kubelet",
		Command: []string{
			m.program("kubelet"), "--config=" + m.file("kubelet.yaml"), "--kubeconfig=" + m.kubeconfig(m.Name()),
			"--hostname-override=" + m.Name(), "--node-ip=" + m.Address(),
		},
		Awaits: []supervisor.Health{m.serverAnswers(), containerdHealth},
		Health: supervisor.Health{URL: "http://127.0.0.1:10248/healthz"},
	}
	if err := m.write("resolv.conf", "nameserver "+address.DNSService+"\n"); err != nil {
		return component, err
	}
	type object = map[string]any
	return component, m.write("kubelet.yaml", object{
		"apiVersion": "kubelet.config.k8s.io/v1beta1",
		"kind":       "KubeletConfiguration",
		"authentication": object{
			"x509": object{"clientCAFile": m.PKI + "/ca.crt"}, "webhook": object{"enabled": true}, "anonymous": object{"enabled": false},
		},
		"authorization":            object{"mode": "Webhook"},
		"cgroupDriver":             "cgroupfs",
		"cgroupRoot":               "/" + m.Cgroup(),
		"failCgroupV1":             false,
		"failSwapOn":               false,
		"containerRuntimeEndpoint": "unix://" + ContainerdSocket,
		"clusterDNS":               []string{address.DNSService},
		"clusterDomain":            "cluster.local",
		"tlsCertFile":              fmt.Sprintf("%s/%s.crt", m.PKI, m.Name()),
		"tlsPrivateKeyFile":        fmt.Sprintf("%s/%s.key", m.PKI, m.Name()),
		"resolvConf":               m.file("resolv.conf"),
		"volumePluginDir":          m.file("volume-plugins"),
		"makeIPTablesUtilChains":   false,
		"featureGates":             m.gates(),
		// A test machine's disk may be nearly full of other things.
		"evictionHard":                object{"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
		"imageGCHighThresholdPercent": 100,
		"serializeImagePulls":         false,
		"registryPullQPS":             0,
		"maxPods":                     250,
		"kubeAPIQPS":                  200,
		"kubeAPIBurst":                400,
		"eventRecordQPS":              0,
	})
}
