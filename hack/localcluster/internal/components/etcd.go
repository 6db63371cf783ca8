package components

import "sandkeep.dev/localcluster/internal/supervisor"

// EtcdClient is where etcd answers inside the first node.
const EtcdClient = "http://127.0.0.1:2379"

var etcdHealth = supervisor.Health{URL: EtcdClient + "/readyz"}

func etcd(m Machine) (supervisor.Component, error) {
	return supervisor.Component{
		Name: "etcd",
		Command: []string{
			m.program("etcd"), "--data-dir", m.file("etcd"), "--unsafe-no-fsync",
			"--listen-client-urls", EtcdClient, "--advertise-client-urls", EtcdClient,
			"--listen-peer-urls", "http://127.0.0.1:2380", "--log-level", "warn",
		},
		Health: etcdHealth,
	}, nil
}
