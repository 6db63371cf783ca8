package rules

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// endpoint is a Pod that can send or receive: it has addresses of the family, its own network, and has not ended.
type endpoint struct {
	pod       *corev1.Pod
	addresses []netip.Addr
}

// endpoints drops Pods that no policy can concern. An address claimed on this node belongs to its claimant, whatever a
// Pod's status still says, because addresses are used again as soon as they are free.
func endpoints(pods []*corev1.Pod, claims map[netip.Addr]types.UID, family Family) []endpoint {
	claimed := map[types.UID][]netip.Addr{}
	for address, uid := range claims {
		claimed[uid] = append(claimed[uid], address)
	}
	var found []endpoint
	for _, pod := range pods {
		if pod.Spec.HostNetwork || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		addresses := append([]netip.Addr(nil), claimed[pod.UID]...)
		for _, reported := range pod.Status.PodIPs {
			address, err := netip.ParseAddr(reported.IP)
			if _, taken := claims[address]; err == nil && !taken {
				addresses = append(addresses, address)
			}
		}
		if addresses = ofFamily(addresses, family); len(addresses) > 0 {
			found = append(found, endpoint{pod, addresses})
		}
	}
	return found
}

func ofFamily(addresses []netip.Addr, family Family) []netip.Addr {
	var found []netip.Addr
	for _, address := range addresses {
		if FamilyOf(address) == family {
			found = append(found, address)
		}
	}
	return found
}

func (e endpoint) addTo(set Set) {
	for _, address := range e.addresses {
		set.Keys[address.String()] = true
	}
}
