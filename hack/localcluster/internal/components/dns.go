package components

import (
	"fmt"

	"sandkeep.dev/localcluster/internal/supervisor"
)

func dns(m Machine) (supervisor.Component, error) {
	ready := m.Address() + ":8181"
	return supervisor.Component{
		Name:    "dns",
		Command: []string{m.program("coredns"), "-conf", m.file("Corefile")},
		Awaits:  []supervisor.Health{m.serverAnswers()},
		Health:  supervisor.Health{URL: "http://" + ready + "/ready"},
	}, m.write("Corefile", fmt.Sprintf(corefile, m.Address(), ready, m.kubeconfig("dns")))
}

const corefile = `.:53 {
  bind %s
  errors
  ready %s
  kubernetes cluster.local in-addr.arpa {
    kubeconfig %s
    ttl 5
  }
  cache 5
}
`
