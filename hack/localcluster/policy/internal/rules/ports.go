package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// protocolOf returns the protocol of a policy's port, TCP by default.
func protocolOf(port networkingv1.NetworkPolicyPort) corev1.Protocol {
	if port.Protocol == nil {
		return corev1.ProtocolTCP
	}
	return *port.Protocol
}

// named returns the port's name, or "" where it is a number, a range or the whole protocol.
func named(port networkingv1.NetworkPolicyPort) string {
	if port.Port != nil && port.Port.Type == intstr.String {
		return port.Port.StrVal
	}
	return ""
}

// numbered matches a protocol, and the port or range where one is given.
func numbered(port networkingv1.NetworkPolicyPort) string {
	match := protocolMatch(protocolOf(port))
	switch {
	case port.Port == nil:
		return match
	case port.EndPort != nil:
		return fmt.Sprintf("%s ct reply proto-src %d-%d", match, port.Port.IntVal, *port.EndPort)
	}
	return fmt.Sprintf("%s ct reply proto-src %d", match, port.Port.IntVal)
}

func protocolMatch(protocol corev1.Protocol) string {
	return "ct original protocol " + strings.ToLower(string(protocol))
}

// containerPorts returns the numbers that a Pod's containers give a named port.
func containerPorts(pod *corev1.Pod, protocol corev1.Protocol, name string) []int32 {
	var numbers []int32
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		for _, port := range container.Ports {
			same := port.Protocol == protocol || (port.Protocol == "" && protocol == corev1.ProtocolTCP)
			if same && port.Name == name && !slices.Contains(numbers, port.ContainerPort) {
				numbers = append(numbers, port.ContainerPort)
			}
		}
	}
	return numbers
}
