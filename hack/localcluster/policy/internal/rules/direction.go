package rules

import (
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
)

type direction string

const (
	ingress direction = "ingress"
	egress  direction = "egress"
)

// directions returns what a policy isolates its Pods for; the API server's default stands in for missing types.
func directions(policy *networkingv1.NetworkPolicy) []direction {
	types := policy.Spec.PolicyTypes
	if len(types) == 0 {
		types = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(policy.Spec.Egress) > 0 {
			types = append(types, networkingv1.PolicyTypeEgress)
		}
	}
	var found []direction
	if slices.Contains(types, networkingv1.PolicyTypeIngress) {
		found = append(found, ingress)
	}
	if slices.Contains(types, networkingv1.PolicyTypeEgress) {
		found = append(found, egress)
	}
	return found
}

// remote is the end of a connection that a policy's peers describe.
func (d direction) remote(family Family) string {
	if d == ingress {
		return family.client()
	}
	return family.server()
}

// allowance is one entry of a policy's ingress or egress list: any of the peers on any of the ports, empty meaning all.
type allowance struct {
	peers []networkingv1.NetworkPolicyPeer
	ports []networkingv1.NetworkPolicyPort
}

func (d direction) allowances(policy *networkingv1.NetworkPolicy) []allowance {
	var found []allowance
	if d == ingress {
		for _, rule := range policy.Spec.Ingress {
			found = append(found, allowance{rule.From, rule.Ports})
		}
		return found
	}
	for _, rule := range policy.Spec.Egress {
		found = append(found, allowance{rule.To, rule.Ports})
	}
	return found
}
