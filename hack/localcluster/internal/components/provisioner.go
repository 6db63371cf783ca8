package components

import "sandkeep.dev/localcluster/internal/supervisor"

// Provisioner is what StorageClasses call the one of the cluster.
const Provisioner = "sandkeep.dev/local-folder"

// provisioner makes persistent volumes: folders of the first node's folder, which the others see at the same path.
func provisioner(m Machine) (supervisor.Component, error) {
	return supervisor.Component{
		Name:    "provisioner",
		Command: []string{m.program("sandkeep-provisioner"), "--kubeconfig", m.kubeconfig("provisioner"), "--folder", m.file("volumes")},
		Awaits:  []supervisor.Health{m.serverAnswers()},
	}, nil
}
