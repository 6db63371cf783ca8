package components

import "sandkeep.dev/localcluster/internal/supervisor"

func controllerManager(m Machine) (supervisor.Component, error) {
	return supervisor.Component{
		Name: "controller-manager",
		Command: m.versioned([]string{
			m.program("kube-controller-manager"), "--kubeconfig=" + m.kubeconfig("controller-manager"),
			"--service-account-private-key-file=" + m.PKI + "/sa.key", "--root-ca-file=" + m.PKI + "/ca.crt",
			"--use-service-account-credentials", "--leader-elect=false",
			"--kube-api-qps=200", "--kube-api-burst=400",
			"--tls-cert-file=" + m.PKI + "/apiserver.crt", "--tls-private-key-file=" + m.PKI + "/apiserver.key",
		}),
		Awaits: []supervisor.Health{m.serverReady()},
		Health: supervisor.Health{URL: "https://127.0.0.1:10257/healthz", PKI: m.PKI, Certificate: "admin"},
	}, nil
}

func scheduler(m Machine) (supervisor.Component, error) {
	return supervisor.Component{
		Name: "scheduler",
		Command: m.versioned([]string{
			m.program("kube-scheduler"), "--kubeconfig=" + m.kubeconfig("scheduler"), "--leader-elect=false",
			"--kube-api-qps=200", "--kube-api-burst=400",
			"--tls-cert-file=" + m.PKI + "/apiserver.crt", "--tls-private-key-file=" + m.PKI + "/apiserver.key",
		}),
		Awaits: []supervisor.Health{m.serverReady()},
		Health: supervisor.Health{URL: "https://127.0.0.1:10259/healthz", PKI: m.PKI, Certificate: "admin"},
	}, nil
}
