package cluster

import (
	"path/filepath"

	"sandkeep.dev/localcluster/internal/address"
	"sandkeep.dev/localcluster/internal/pki"
)

// certify makes the cluster's authority, and a certificate or kubeconfig for each who needs one.
func (c Cluster) certify() error {
	authority, err := pki.NewAuthority(c.pki())
	if err != nil {
		return err
	}
	if err := authority.IssueSigningKey(); err != nil {
		return err
	}
	control := c.machine(1)
	names := []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost", "127.0.0.1", address.KubernetesService, control.Address()}
	administrators := "system:masters"
	for name, identity := range map[string]pki.Identity{
		"apiserver":                {CommonName: "kube-apiserver", Names: names},
		"apiserver-kubelet-client": {CommonName: "kube-apiserver", Organization: administrators},
		"admin":                    {CommonName: "admin", Organization: administrators},
	} {
		if err := authority.Issue(name, identity); err != nil {
			return err
		}
	}
	clients := map[string]pki.Identity{
		"controller-manager": {CommonName: "system:kube-controller-manager"},
		"scheduler":          {CommonName: "system:kube-scheduler"},
		"proxy":              {CommonName: "system:kube-proxy"},
		"dns":                {CommonName: "dns", Organization: administrators},
		"policy":             {CommonName: "policy", Organization: administrators},
		"provisioner":        {CommonName: "provisioner", Organization: administrators},
	}
	for number := range c.Nodes {
		machine := c.machine(number + 1)
		clients[machine.Name()] = pki.Identity{
			CommonName: "system:node:" + machine.Name(), Organization: "system:nodes", Names: []string{machine.Name(), machine.Address()},
		}
	}
	for name, identity := range clients {
		if err := authority.WriteKubeconfig(filepath.Join(c.pki(), name+".conf"), name, c.Server(), identity); err != nil {
			return err
		}
	}
	return authority.WriteKubeconfig(c.Kubeconfig(), "administrator", c.Server(), pki.Identity{CommonName: "administrator", Organization: administrators})
}
