package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// Input is all that a node's rules depend on.
type Input struct {
	Node       string
	Family     Family
	Pods       []*corev1.Pod
	Namespaces []*corev1.Namespace
	Policies   []*networkingv1.NetworkPolicy
	// Claims are addresses handed out on this node, known before any Pod's status names them.
	Claims map[netip.Addr]types.UID
	// Guarded are ranges of this node in which an address without a known Pod may not talk; empty where Claims are unknown.
	Guarded []netip.Prefix
}

type world struct {
	Input
	endpoints  []endpoint
	namespaces map[string]labels.Set
	ruleset    Ruleset
	// bound holds, per direction and local address, the policies that isolate it.
	bound map[direction]map[netip.Addr][]boundPolicy
}

type boundPolicy struct {
	key   string
	rules []Rule
}

// Compile returns the rules that enforce the policies on the node's own Pods. It has no side effects and the same input
// always gives the same result.
//
// Rules look at a connection's ends as connection tracking knows them, never at the packet: so one rule holds for both
// directions of a connection, for a Service's Pod behind its address, and for connections that were open before.
func Compile(input Input) Ruleset {
	w := &world{
		Input:      input,
		endpoints:  endpoints(input.Pods, input.Claims, input.Family),
		namespaces: map[string]labels.Set{},
		ruleset:    skeleton(input),
		bound:      map[direction]map[netip.Addr][]boundPolicy{ingress: {}, egress: {}},
	}
	for _, namespace := range input.Namespaces {
		w.namespaces[namespace.Name] = namespace.Labels
	}
	for _, local := range w.endpoints {
		if local.pod.Spec.NodeName == w.Node {
			w.introduce(local)
		}
	}
	policies := slices.SortedFunc(slices.Values(input.Policies), func(a, b *networkingv1.NetworkPolicy) int {
		return cmp.Compare(keyOf(a), keyOf(b))
	})
	for _, policy := range policies {
		for _, direction := range directions(policy) {
			w.bind(policy, direction)
		}
	}
	w.dispatch(ingress)
	w.dispatch(egress)
	return w.ruleset
}

func keyOf(policy *networkingv1.NetworkPolicy) string { return policy.Namespace + "/" + policy.Name }

// introduce lets a local Pod reach itself, which the API always allows, and marks its addresses as known.
func (w *world) introduce(local endpoint) {
	for _, address := range local.addresses {
		w.ruleset.Sets[selfSet].Keys[address.String()+" . "+address.String()] = true
	}
	if len(w.Guarded) > 0 {
		local.addTo(w.ruleset.Sets[knownSet])
	}
}

// bind compiles one direction of a policy and notes it at every local address it isolates.
func (w *world) bind(policy *networkingv1.NetworkPolicy, direction direction) {
	selected := selector(&policy.Spec.PodSelector)
	var locals []endpoint
	for _, candidate := range w.endpoints {
		pod := candidate.pod
		if pod.Spec.NodeName == w.Node && pod.Namespace == policy.Namespace && selected.Matches(labels.Set(pod.Labels)) {
			locals = append(locals, candidate)
		}
	}
	if len(locals) == 0 {
		return
	}
	key := keyOf(policy)
	var rules []Rule
	for i, allowed := range direction.allowances(policy) {
		name := fmt.Sprintf("%s-%s-%d", direction, short(key), i)
		for _, match := range w.matches(allowed, direction, policy.Namespace, name, locals) {
			rules = append(rules, Rule{Text: strings.TrimSpace(match + " return"), Comment: key})
		}
	}
	for _, local := range locals {
		for _, address := range local.addresses {
			w.bound[direction][address] = append(w.bound[direction][address], boundPolicy{key, rules})
		}
	}
}

// dispatch sends each isolated address to a chain shared by all addresses that the same policies isolate.
func (w *world) dispatch(direction direction) {
	entries := w.ruleset.Maps[podsMap(direction)].Entries
	for address, policies := range w.bound[direction] {
		var keys []string
		for _, policy := range policies {
			keys = append(keys, policy.key)
		}
		name := fmt.Sprintf("%s-pods-%s", direction, short(strings.Join(keys, " ")))
		entries[address.String()] = "goto " + name
		if _, done := w.ruleset.Chains[name]; done {
			continue
		}
		var rules []Rule
		for _, policy := range policies {
			rules = append(rules, policy.rules...)
		}
		w.ruleset.Chains[name] = Chain{Rules: append(rules, Rule{Text: "drop", Comment: "Allowed by none of: " + strings.Join(keys, " ")})}
	}
}

// short names an object in nftables, whose names are shorter than Kubernetes'.
func short(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:6])
}
