package components

import (
	"sandkeep.dev/localcluster/internal/address"
	"sandkeep.dev/localcluster/internal/supervisor"
)

func apiserver(m Machine) (supervisor.Component, error) {
	return supervisor.Component{
		Name: "apiserver",
		Command: m.versioned([]string{
			m.program("kube-apiserver"),
			"--etcd-servers=" + EtcdClient,
			"--advertise-address=" + m.Address(), "--secure-port=6443",
			"--tls-cert-file=" + m.PKI + "/apiserver.crt", "--tls-private-key-file=" + m.PKI + "/apiserver.key",
			"--client-ca-file=" + m.PKI + "/ca.crt",
			"--kubelet-client-certificate=" + m.PKI + "/apiserver-kubelet-client.crt", "--kubelet-client-key=" + m.PKI + "/apiserver-kubelet-client.key",
			"--kubelet-certificate-authority=" + m.PKI + "/ca.crt", "--kubelet-preferred-address-types=InternalIP",
			"--service-account-key-file=" + m.PKI + "/sa.pub", "--service-account-signing-key-file=" + m.PKI + "/sa.key",
			"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
			"--service-cluster-ip-range=" + address.Services,
			"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
			"--allow-privileged=true",
		}),
		Awaits: []supervisor.Health{etcdHealth},
		Health: m.serverReady(),
	}, nil
}
