package rules

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// The Pods of the table: x/a, x/b and y/a on this node, x/c on another, and addresses that belong to no Pod.
var addresses = map[string]string{
	"x/a": "10.100.1.2", "x/b": "10.100.1.3", "y/a": "10.100.1.4", "x/c": "10.100.2.2",
	"near": "192.0.2.1", "far": "192.0.2.130", "new": "10.100.1.9",
}

func theWorld(policies ...*networkingv1.NetworkPolicy) Input {
	return Input{
		Node:   "node1",
		Family: IPv4,
		Pods: []*corev1.Pod{
			aPod("x/a", addresses["x/a"], withPort("web", 80, corev1.ProtocolTCP), withPort("dns", 53, corev1.ProtocolUDP)),
			aPod("x/b", addresses["x/b"], withPort("web", 8080, "")),
			aPod("y/a", addresses["y/a"], withPort("web", 81, corev1.ProtocolTCP)),
			aPod("x/c", addresses["x/c"], onNode("node2"), withPort("web", 8080, corev1.ProtocolTCP)),
		},
		Namespaces: []*corev1.Namespace{aNamespace("x"), aNamespace("y")},
		Policies:   policies,
	}
}

// parse reads "x/a → x/b tcp 80".
func parse(t *testing.T, text string) connection {
	t.Helper()
	words := strings.Fields(text)
	port, err := strconv.Atoi(words[4])
	if err != nil || addresses[words[0]] == "" || addresses[words[2]] == "" {
		t.Fatalf("cannot read connection %q", text)
	}
	return connection{netip.MustParseAddr(addresses[words[0]]), netip.MustParseAddr(addresses[words[2]]), words[3], port}
}

func TestCompile(t *testing.T) {
	everyone := &metav1.LabelSelector{}
	anyPod := []networkingv1.NetworkPolicyPeer{{PodSelector: everyone}}
	tests := map[string]struct {
		policies []*networkingv1.NetworkPolicy
		pass     []string
		drop     []string
	}{
		"without policies everything passes": {
			pass: []string{"x/a → x/b tcp 80", "far → x/a udp 53", "x/a → far sctp 9"},
		},
		"a policy without rules or types isolates ingress only": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/deny", networkingv1.NetworkPolicySpec{PodSelector: *app("a")})},
			pass:     []string{"x/a → x/b tcp 80", "x/b → y/a tcp 80", "x/a → x/a tcp 80"},
			drop:     []string{"x/b → x/a tcp 80", "far → x/a udp 53", "near → x/a icmp 0"},
		},
		"a policy with egress rules and no types isolates both": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/both", networkingv1.NetworkPolicySpec{
				PodSelector: *app("a"), Egress: []networkingv1.NetworkPolicyEgressRule{{To: anyPod}},
			})},
			pass: []string{"x/a → x/b tcp 80"},
			drop: []string{"x/a → far tcp 80", "x/b → x/a tcp 80"},
		},
		"egress type without rules denies all egress and no ingress": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/deny", networkingv1.NetworkPolicySpec{
				PodSelector: *everyone, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
			})},
			pass: []string{"y/a → x/a tcp 80", "far → x/b tcp 80", "x/b → x/b tcp 1"},
			drop: []string{"x/a → x/b tcp 80", "x/b → far tcp 443"},
		},
		"an empty rule allows all": {
			policies: []*networkingv1.NetworkPolicy{
				aPolicy("x/deny", networkingv1.NetworkPolicySpec{PodSelector: *everyone}),
				aPolicy("x/allow", from(app("a"), nil)),
			},
			pass: []string{"far → x/a icmp 0", "x/b → x/a tcp 80"},
			drop: []string{"far → x/b tcp 80"},
		},
		"a pod selector alone means the policy's own namespace": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", from(everyone, []networkingv1.NetworkPolicyPeer{{PodSelector: app("a")}}))},
			pass:     []string{"x/a → x/b tcp 80"},
			drop:     []string{"y/a → x/b tcp 80", "x/c → x/b tcp 80"},
		},
		"a namespace selector alone means all its Pods": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("y/p", from(everyone, []networkingv1.NetworkPolicyPeer{{NamespaceSelector: namespaceNamed("x")}}))},
			pass:     []string{"x/a → y/a tcp 80", "x/c → y/a udp 80"},
			drop:     []string{"far → y/a tcp 80"},
		},
		"an empty namespace selector means all namespaces but no outsiders": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", from(everyone, []networkingv1.NetworkPolicyPeer{{NamespaceSelector: everyone}}))},
			pass:     []string{"y/a → x/b tcp 80", "x/a → x/b tcp 80"},
			drop:     []string{"far → x/b tcp 80"},
		},
		"both selectors in one peer must match": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("y/p", from(everyone, []networkingv1.NetworkPolicyPeer{{NamespaceSelector: namespaceNamed("x"), PodSelector: app("b", "c")}}))},
			pass:     []string{"x/b → y/a tcp 80", "x/c → y/a tcp 80"},
			drop:     []string{"x/a → y/a tcp 80"},
		},
		"selectors in two peers add up": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", from(app("a"), []networkingv1.NetworkPolicyPeer{{NamespaceSelector: namespaceNamed("y")}, {PodSelector: app("b")}}))},
			pass:     []string{"x/b → x/a tcp 80", "y/a → x/a tcp 80"},
			drop:     []string{"x/c → x/a tcp 80"},
		},
		"an ipBlock leaves out its exceptions": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", to(everyone, []networkingv1.NetworkPolicyPeer{block("192.0.2.0/24", "192.0.2.128/25")}))},
			pass:     []string{"x/a → near tcp 80"},
			drop:     []string{"x/a → far tcp 80", "x/a → x/b tcp 80"},
		},
		"an exception counts for its own block only": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", to(everyone, []networkingv1.NetworkPolicyPeer{block("192.0.2.0/24", "192.0.2.128/25"), block("192.0.2.130/32")}))},
			pass:     []string{"x/a → near tcp 80", "x/a → far tcp 80"},
		},
		"an exception that covers its block leaves nothing": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", to(everyone, []networkingv1.NetworkPolicyPeer{block("192.0.2.0/24", "192.0.0.0/16")}))},
			drop:     []string{"x/a → near tcp 80"},
		},
		"an ipBlock of the other family allows nothing": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", to(everyone, []networkingv1.NetworkPolicyPeer{block("::/0")}))},
			drop:     []string{"x/a → near tcp 80"},
		},
		"ports restrict by protocol and number": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", from(app("a"), nil, number(corev1.ProtocolTCP, 80), number(corev1.ProtocolSCTP, 81)))},
			pass:     []string{"x/b → x/a tcp 80", "x/b → x/a sctp 81"},
			drop:     []string{"x/b → x/a udp 80", "x/b → x/a tcp 81", "x/b → x/a icmp 0"},
		},
		"a port without protocol is TCP": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", from(app("a"), nil, networkingv1.NetworkPolicyPort{Port: number("", 80).Port}))},
			pass:     []string{"x/b → x/a tcp 80"},
			drop:     []string{"x/b → x/a udp 80"},
		},
		"a protocol without port allows all its ports": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", from(app("a"), nil, networkingv1.NetworkPolicyPort{Protocol: number(corev1.ProtocolUDP, 0).Protocol}))},
			pass:     []string{"x/b → x/a udp 80"},
			drop:     []string{"x/b → x/a tcp 80"},
		},
		"endPort makes a range of both ends": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", from(app("a"), nil, span(corev1.ProtocolTCP, 80, 85)))},
			pass:     []string{"x/b → x/a tcp 80", "x/b → x/a tcp 85"},
			drop:     []string{"x/b → x/a tcp 79", "x/b → x/a tcp 86", "x/b → x/a udp 82"},
		},
		"a named port is looked up in the Pod that serves it": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", from(everyone, nil, portNamed(corev1.ProtocolTCP, "web")))},
			pass:     []string{"y/a → x/a tcp 80", "y/a → x/b tcp 8080"},
			drop:     []string{"y/a → x/a tcp 8080", "y/a → x/b tcp 80", "y/a → x/a udp 80"},
		},
		"a named port must have the rule's protocol": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", from(app("a"), nil, portNamed(corev1.ProtocolUDP, "web"), portNamed(corev1.ProtocolUDP, "dns")))},
			pass:     []string{"y/a → x/a udp 53"},
			drop:     []string{"y/a → x/a udp 80", "y/a → x/a tcp 80", "y/a → x/a tcp 53"},
		},
		"a named port of egress is looked up in each peer": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", to(app("a"), []networkingv1.NetworkPolicyPeer{{PodSelector: everyone}}, portNamed(corev1.ProtocolTCP, "web")))},
			pass:     []string{"x/a → x/b tcp 8080", "x/a → x/c tcp 8080"},
			drop:     []string{"x/a → x/b tcp 80", "x/a → y/a tcp 81", "x/a → near tcp 80"},
		},
		"a named port of egress without peers is looked up in all Pods": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", to(app("a"), nil, portNamed(corev1.ProtocolTCP, "web")))},
			pass:     []string{"x/a → x/b tcp 8080", "x/a → y/a tcp 81"},
			drop:     []string{"x/a → y/a tcp 80", "x/a → near tcp 80"},
		},
		"a named port of an ipBlock is looked up in its Pods": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", to(app("a"), []networkingv1.NetworkPolicyPeer{block("10.100.1.0/24")}, portNamed(corev1.ProtocolTCP, "web")))},
			pass:     []string{"x/a → x/b tcp 8080", "x/a → y/a tcp 81"},
			drop:     []string{"x/a → x/c tcp 8080"},
		},
		"policies add up": {
			policies: []*networkingv1.NetworkPolicy{
				aPolicy("x/one", from(app("a"), []networkingv1.NetworkPolicyPeer{{PodSelector: app("b")}}, number(corev1.ProtocolTCP, 80))),
				aPolicy("x/two", from(app("a"), []networkingv1.NetworkPolicyPeer{{NamespaceSelector: namespaceNamed("y")}}, number(corev1.ProtocolTCP, 81))),
			},
			pass: []string{"x/b → x/a tcp 80", "y/a → x/a tcp 81"},
			drop: []string{"x/b → x/a tcp 81", "y/a → x/a tcp 80"},
		},
		"both ends must allow a connection": {
			policies: []*networkingv1.NetworkPolicy{
				aPolicy("x/out", to(app("a"), anyPod)),
				aPolicy("x/in", from(app("b"), nil, number(corev1.ProtocolTCP, 80))),
			},
			pass: []string{"x/a → x/b tcp 80", "x/a → x/c tcp 81"},
			drop: []string{"x/a → x/b tcp 81", "x/a → y/a tcp 80"},
		},
		"a policy says nothing about Pods of other namespaces": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", networkingv1.NetworkPolicySpec{PodSelector: *everyone})},
			pass:     []string{"x/a → y/a tcp 80"},
		},
		"Pods of another node are that node's to guard": {
			policies: []*networkingv1.NetworkPolicy{aPolicy("x/p", networkingv1.NetworkPolicySpec{PodSelector: *everyone})},
			pass:     []string{"y/a → x/c tcp 80"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ruleset := Compile(theWorld(test.policies...))
			for _, text := range test.pass {
				if !passes(t, ruleset, parse(t, text)) {
					t.Errorf("%s was dropped by\n%v", text, ruleset.Chains)
				}
			}
			for _, text := range test.drop {
				if passes(t, ruleset, parse(t, text)) {
					t.Errorf("%s passed\n%v", text, ruleset.Chains)
				}
			}
		})
	}
}

func TestCompileIgnoresPodsThatCannotTalk(t *testing.T) {
	deny := aPolicy("x/deny", networkingv1.NetworkPolicySpec{PodSelector: metav1.LabelSelector{}})
	for name, pod := range map[string]*corev1.Pod{
		"succeeded":       aPod("x/z", "10.100.1.2", inPhase(corev1.PodSucceeded)),
		"failed":          aPod("x/z", "10.100.1.2", inPhase(corev1.PodFailed)),
		"on host network": aPod("x/z", "10.100.1.2", onHostNetwork),
		"without address": aPod("x/z", ""),
	} {
		t.Run(name, func(t *testing.T) {
			ruleset := Compile(Input{Node: "node1", Family: IPv4, Pods: []*corev1.Pod{pod}, Policies: []*networkingv1.NetworkPolicy{deny}})
			if isolated := ruleset.Maps["ingress-pods"].Entries; len(isolated) != 0 {
				t.Errorf("isolated %v", isolated)
			}
		})
	}
}

func TestCompileClaims(t *testing.T) {
	deny := aPolicy("x/deny", networkingv1.NetworkPolicySpec{PodSelector: *app("new")})
	input := theWorld(deny)
	input.Pods = append(input.Pods, aPod("x/new", ""), aPod("x/old", addresses["new"]))
	input.Claims = map[netip.Addr]types.UID{netip.MustParseAddr(addresses["new"]): "x/new"}
	ruleset := Compile(input)
	if passes(t, ruleset, parse(t, "x/a → new tcp 80")) {
		t.Error("a claimed address is not isolated before the Pod's status names it")
	}
	input.Policies = []*networkingv1.NetworkPolicy{aPolicy("x/deny", networkingv1.NetworkPolicySpec{PodSelector: *app("old")})}
	if !passes(t, Compile(input), parse(t, "x/a → new tcp 80")) {
		t.Error("an address is still held by the Pod that had it before")
	}
}

func TestCompileGuardsAddressesWithoutPod(t *testing.T) {
	input := theWorld()
	input.Guarded = []netip.Prefix{netip.MustParsePrefix("10.100.1.0/24")}
	ruleset := Compile(input)
	for _, text := range []string{"new → x/a tcp 80", "x/a → new tcp 80", "near → new udp 1"} {
		if passes(t, ruleset, parse(t, text)) {
			t.Errorf("%s passed", text)
		}
	}
	for _, text := range []string{"x/a → x/b tcp 80", "x/c → x/a tcp 80", "near → x/a tcp 80", "x/a → far tcp 80"} {
		if !passes(t, ruleset, parse(t, text)) {
			t.Errorf("%s was dropped", text)
		}
	}
}

func TestCompileIPv6(t *testing.T) {
	input := theWorld(aPolicy("x/p", from(app("a"), []networkingv1.NetworkPolicyPeer{block("2001:db8::/64", "2001:db8::ff00/120")})))
	input.Family = IPv6
	input.Pods[0].Status.PodIPs = append(input.Pods[0].Status.PodIPs, corev1.PodIP{IP: "fd00::2"})
	ruleset := Compile(input)
	for client, want := range map[string]bool{"2001:db8::1": true, "2001:db8::ff01": false, "2001:db8:1::1": false} {
		got := passes(t, ruleset, connection{netip.MustParseAddr(client), netip.MustParseAddr("fd00::2"), "tcp", 80})
		if got != want {
			t.Errorf("%s passes: %v, want %v", client, got, want)
		}
	}
}

func TestCompileSharesChains(t *testing.T) {
	deny := aPolicy("x/deny", networkingv1.NetworkPolicySpec{PodSelector: metav1.LabelSelector{}})
	ruleset := Compile(theWorld(deny))
	if a, b := ruleset.Maps["ingress-pods"].Entries["10.100.1.2"], ruleset.Maps["ingress-pods"].Entries["10.100.1.3"]; a != b || a == "" {
		t.Errorf("two Pods of the same policy go to %q and %q", a, b)
	}
}

func TestCompileIsDeterministic(t *testing.T) {
	policies := []*networkingv1.NetworkPolicy{}
	for i := range 5 {
		policies = append(policies, aPolicy(fmt.Sprintf("x/p%d", i), from(app("a"), []networkingv1.NetworkPolicyPeer{{PodSelector: app("b")}}, portNamed(corev1.ProtocolTCP, "web"))))
	}
	input := theWorld(policies...)
	want := Compile(input)
	slices.Reverse(input.Pods)
	slices.Reverse(input.Policies)
	if got := Compile(input); !reflect.DeepEqual(got, want) {
		t.Errorf("another order gave\n%v\nwant\n%v", got, want)
	}
}
