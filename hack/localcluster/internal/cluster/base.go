package cluster

import (
	"context"

	"sandkeep.dev/localcluster/internal/address"
	"sandkeep.dev/localcluster/internal/components"
	"sandkeep.dev/localcluster/internal/kubeapi"
)

type object = map[string]any

// applyBase applies what a cluster has from the start: the DNS Service, which leads to the first node, the gVisor RuntimeClass
// and the default StorageClass.
func (c Cluster) applyBase(ctx context.Context, client *kubeapi.Client) error {
	labels := object{"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"}
	service := object{
		"apiVersion": "v1", "kind": "Service",
		"metadata": object{"name": "kube-dns", "namespace": "kube-system", "labels": labels},
		"spec": object{
			"clusterIP": address.DNSService,
			"ports": []object{
				{"name": "dns", "port": 53, "protocol": "UDP"},
				{"name": "dns-tcp", "port": 53, "protocol": "TCP"},
			},
		},
	}
	endpoints := object{
		"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
		"metadata":    object{"name": "kube-dns", "namespace": "kube-system", "labels": object{"kubernetes.io/service-name": "kube-dns"}},
		"addressType": "IPv4",
		"endpoints":   []object{{"addresses": []string{c.machine(1).Address()}}},
		"ports": []object{
			{"name": "dns", "port": 53, "protocol": "UDP"},
			{"name": "dns-tcp", "port": 53, "protocol": "TCP"},
		},
	}
	runtime := object{
		"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass",
		"metadata": object{"name": "gvisor"},
		"handler":  "runsc",
	}
	storage := object{
		"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
		"metadata":          object{"name": "standard", "annotations": object{"storageclass.kubernetes.io/is-default-class": "true"}},
		"provisioner":       components.Provisioner,
		"reclaimPolicy":     "Delete",
		"volumeBindingMode": "WaitForFirstConsumer",
	}
	for path, object := range map[string]object{
		"/api/v1/namespaces/kube-system/services/kube-dns":                         service,
		"/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices/kube-dns": endpoints,
		"/apis/node.k8s.io/v1/runtimeclasses/gvisor":                               runtime,
		"/apis/storage.k8s.io/v1/storageclasses/standard":                          storage,
	} {
		if err := client.Apply(ctx, path, object); err != nil {
			return err
		}
	}
	return nil
}
