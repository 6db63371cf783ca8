package rules

import (
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// podPeers returns the Pods that any of the peers selects, from the point of view of a policy in a namespace.
func (w *world) podPeers(peers []networkingv1.NetworkPolicyPeer, namespace string) []endpoint {
	var found []endpoint
	selects := make([]func(endpoint) bool, len(peers))
	for i, peer := range peers {
		selects[i] = w.podPeer(peer, namespace)
	}
	for _, candidate := range w.endpoints {
		for _, selected := range selects {
			if selected(candidate) {
				found = append(found, candidate)
				break
			}
		}
	}
	return found
}

func (w *world) podPeer(peer networkingv1.NetworkPolicyPeer, namespace string) func(endpoint) bool {
	pods, namespaces := everything(peer.PodSelector), selector(peer.NamespaceSelector)
	return func(candidate endpoint) bool {
		switch {
		case peer.IPBlock != nil:
			return false
		case peer.NamespaceSelector == nil && candidate.pod.Namespace != namespace:
			return false
		case peer.NamespaceSelector != nil && !namespaces.Matches(w.namespaces[candidate.pod.Namespace]):
			return false
		}
		return pods.Matches(labels.Set(candidate.pod.Labels))
	}
}

func everything(wanted *metav1.LabelSelector) labels.Selector {
	if wanted == nil {
		return labels.Everything()
	}
	return selector(wanted)
}

// selector selects nothing where the selector is missing; the API server has refused malformed ones.
func selector(wanted *metav1.LabelSelector) labels.Selector {
	parsed, err := metav1.LabelSelectorAsSelector(wanted)
	if err != nil {
		return labels.Nothing()
	}
	return parsed
}
