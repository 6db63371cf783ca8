package rules

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

type podOption func(*corev1.Pod)

// aPod runs on node1 with the label app=<name>.
func aPod(key, address string, options ...podOption) *corev1.Pod {
	namespace, name, _ := strings.Cut(key, "/")
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(key), Labels: map[string]string{"app": name}}}
	pod.Spec.NodeName = "node1"
	pod.Status.Phase = corev1.PodRunning
	if address != "" {
		pod.Status.PodIPs = []corev1.PodIP{{IP: address}}
	}
	for _, option := range options {
		option(pod)
	}
	return pod
}

func onNode(name string) podOption { return func(pod *corev1.Pod) { pod.Spec.NodeName = name } }
func inPhase(phase corev1.PodPhase) podOption {
	return func(pod *corev1.Pod) { pod.Status.Phase = phase }
}
func onHostNetwork(pod *corev1.Pod) { pod.Spec.HostNetwork = true }
func withPort(name string, number int32, protocol corev1.Protocol) podOption {
	return func(pod *corev1.Pod) {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Ports: []corev1.ContainerPort{{Name: name, ContainerPort: number, Protocol: protocol}}})
	}
}

func aNamespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/metadata.name": name}}}
}

func aPolicy(key string, spec networkingv1.NetworkPolicySpec) *networkingv1.NetworkPolicy {
	namespace, name, _ := strings.Cut(key, "/")
	return &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: spec}
}

func app(names ...string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: names}}}
}

func namespaceNamed(name string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": name}}
}

func number(protocol corev1.Protocol, port int) networkingv1.NetworkPolicyPort {
	value := intstr.FromInt(port)
	return networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: &value}
}

func span(protocol corev1.Protocol, port int, end int32) networkingv1.NetworkPolicyPort {
	ranged := number(protocol, port)
	ranged.EndPort = &end
	return ranged
}

func portNamed(protocol corev1.Protocol, name string) networkingv1.NetworkPolicyPort {
	value := intstr.FromString(name)
	return networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: &value}
}

func block(cidr string, except ...string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr, Except: except}}
}

// from allows connections to the selected Pods from any of the peers, on the ports.
func from(selected *metav1.LabelSelector, peers []networkingv1.NetworkPolicyPeer, ports ...networkingv1.NetworkPolicyPort) networkingv1.NetworkPolicySpec {
	return networkingv1.NetworkPolicySpec{
		PodSelector: *selected,
		Ingress:     []networkingv1.NetworkPolicyIngressRule{{From: peers, Ports: ports}},
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
	}
}

// to allows connections from the selected Pods to any of the peers, on the ports.
func to(selected *metav1.LabelSelector, peers []networkingv1.NetworkPolicyPeer, ports ...networkingv1.NetworkPolicyPort) networkingv1.NetworkPolicySpec {
	return networkingv1.NetworkPolicySpec{
		PodSelector: *selected,
		Egress:      []networkingv1.NetworkPolicyEgressRule{{To: peers, Ports: ports}},
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
	}
}
