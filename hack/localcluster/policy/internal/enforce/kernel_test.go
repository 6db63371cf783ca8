package enforce

import (
	"context"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
)

// These tests enforce policies of an in-memory API on real packets between namespaces.

type fixture struct {
	t      *testing.T
	client kubernetes.Interface
}

// enforcing runs an enforcer on the node until the test ends.
func enforcing(t *testing.T, strict bool) (*fixture, *Enforcer) {
	t.Helper()
	node(t)
	client := fake.NewClientset(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "x"}})
	enforcer := start(t, client, nodeOne(strict))
	return &fixture{t, client}, enforcer
}

func nodeOne(strict bool) Options {
	return Options{Node: "node1", Ranges: []netip.Prefix{netip.MustParsePrefix("10.100.1.0/24")}, Strict: strict}
}

func start(t *testing.T, client kubernetes.Interface, options Options) *Enforcer {
	t.Helper()
	enforcer, err := New(NewCluster(client), options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() { ended <- enforcer.Run(ctx, func() error { close(ready); return nil }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-ready:
	case <-time.After(time.Minute):
		t.Fatal("no first sync")
	}
	return enforcer
}

func (f *fixture) pod(name, address string) *place {
	f.t.Helper()
	f.object(name, address)
	return newPlace(f.t, address)
}

func (f *fixture) object(name, address string) {
	f.t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "x", Name: name, UID: types.UID(name), Labels: map[string]string{"app": name}}}
	pod.Spec.NodeName = "node1"
	pod.Spec.Containers = []corev1.Container{{Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}}}}
	if address != "" {
		pod.Status.PodIPs = []corev1.PodIP{{IP: address}}
	}
	if _, err := f.client.CoreV1().Pods("x").Create(f.t.Context(), pod, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) apply(name string, spec networkingv1.NetworkPolicySpec) {
	f.t.Helper()
	policy := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "x", Name: name}, Spec: spec}
	if _, err := f.client.NetworkingV1().NetworkPolicies("x").Create(f.t.Context(), policy, metav1.CreateOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) remove(name string) {
	f.t.Helper()
	if err := f.client.NetworkingV1().NetworkPolicies("x").Delete(f.t.Context(), name, metav1.DeleteOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

func selected(name string) metav1.LabelSelector {
	return metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
}

func denyIngress(name string) networkingv1.NetworkPolicySpec {
	return networkingv1.NetworkPolicySpec{PodSelector: selected(name), PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}}
}

func denyEgress(name string) networkingv1.NetworkPolicySpec {
	return networkingv1.NetworkPolicySpec{PodSelector: selected(name), PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress}}
}

func TestNewConnections(t *testing.T) {
	f, _ := enforcing(t, false)
	a, b, c := f.pod("a", "10.100.1.2"), f.pod("b", "10.100.1.3"), f.pod("c", "10.100.1.4")
	server := b.serve(8080)
	eventually(t, "a connection without policies", func() bool { return a.reaches(server) })

	f.apply("deny", denyIngress("b"))
	eventually(t, "the policy to isolate", func() bool { return !a.reaches(server) })
	eventually(t, "the node to reach its Pod", func() bool { return node(t).reaches(server) })

	spec := denyIngress("b")
	from := selected("c")
	spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{{PodSelector: &from}}}}
	f.apply("allow", spec)
	eventually(t, "the second policy to allow", func() bool { return c.reaches(server) })
	if a.reaches(server) {
		t.Error("a Pod that no policy allows reaches the server")
	}

	f.remove("deny")
	f.remove("allow")
	eventually(t, "removed policies to have no effect", func() bool { return a.reaches(server) })
}

func TestOpenConnectionsAreCut(t *testing.T) {
	for name, deny := range map[string]networkingv1.NetworkPolicySpec{"by the server's policy": denyIngress("b"), "by the client's policy": denyEgress("a")} {
		t.Run(name, func(t *testing.T) {
			f, _ := enforcing(t, false)
			a, b := f.pod("a", "10.100.1.2"), f.pod("b", "10.100.1.3")
			tcp, err := a.dial("tcp4", b.serve(8080))
			if err != nil {
				t.Fatal(err)
			}
			defer tcp.Close()
			udp, err := a.dial("udp4", b.serveUDP(5353))
			if err != nil {
				t.Fatal(err)
			}
			defer udp.Close()
			if _, err := udp.Write([]byte("?")); err != nil {
				t.Fatal(err)
			}
			eventually(t, "streams to flow without policies", func() bool { return flows(tcp) && flows(udp) })
			f.apply("deny", deny)
			eventually(t, "replies of the TCP connection to stop", func() bool { return !flows(tcp) })
			eventually(t, "replies of the UDP connection to stop", func() bool { return !flows(udp) })
			f.remove("deny")
			eventually(t, "the TCP connection to go on when it is allowed again", func() bool { return flows(tcp) })
		})
	}
}

func TestRepliesReachAnIsolatedPod(t *testing.T) {
	f, _ := enforcing(t, false)
	a, b := f.pod("a", "10.100.1.2"), f.pod("b", "10.100.1.3")
	f.apply("deny", denyIngress("a"))
	server, closed := b.serve(8080), a.serve(8081)
	eventually(t, "isolated ingress", func() bool { return !b.reaches(closed) })
	eventually(t, "replies to reach a Pod that accepts no connections", func() bool { return a.reaches(server) })
}

func TestPortsAndBlocks(t *testing.T) {
	f, _ := enforcing(t, false)
	a, b, c := f.pod("a", "10.100.1.2"), f.pod("b", "10.100.1.3"), f.pod("c", "10.100.1.4")
	allowed, refused := b.serve(8080), b.serve(8090)
	web, low, high := intstr.FromString("web"), intstr.FromInt32(8079), int32(8081)
	for name, port := range map[string]networkingv1.NetworkPolicyPort{"named": {Port: &web}, "range": {Port: &low, EndPort: &high}} {
		t.Run(name, func(t *testing.T) {
			spec := denyIngress("b")
			block := networkingv1.IPBlock{CIDR: "10.100.1.0/24", Except: []string{"10.100.1.4/32"}}
			spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{{IPBlock: &block}}, Ports: []networkingv1.NetworkPolicyPort{port}}}
			f.apply(name, spec)
			eventually(t, "the other port to be closed", func() bool { return !a.reaches(refused) })
			eventually(t, "the allowed port to be open", func() bool { return a.reaches(allowed) })
			if c.reaches(allowed) {
				t.Error("the excepted address passes")
			}
			f.remove(name)
			eventually(t, "the other port to be open again", func() bool { return a.reaches(refused) })
		})
	}
}

// serviceRules is what kube-proxy does for a Service, also for a Pod that reaches itself through one.
const serviceRules = `table ip service {
	chain prerouting { type nat hook prerouting priority dstnat; ip daddr 10.96.0.9 tcp dport 80 dnat to 10.100.1.3:8080; }
	chain postrouting { type nat hook postrouting priority srcnat; ct status dnat ip saddr 10.100.1.3 masquerade; }
}`

func TestServices(t *testing.T) {
	f, _ := enforcing(t, false)
	a, b := f.pod("a", "10.100.1.2"), f.pod("b", "10.100.1.3")
	b.serve(8080)
	node(t).command("nft '" + serviceRules + "'")
	t.Cleanup(func() { node(t).command("nft delete table ip service") })

	spec := denyEgress("a")
	to, port := selected("b"), intstr.FromInt32(8080)
	spec.Egress = []networkingv1.NetworkPolicyEgressRule{{To: []networkingv1.NetworkPolicyPeer{{PodSelector: &to}}, Ports: []networkingv1.NetworkPolicyPort{{Port: &port}}}}
	f.apply("to-b", spec)
	eventually(t, "isolated egress", func() bool { return !a.reaches("10.100.1.1:9") })
	eventually(t, "a Service of an allowed Pod", func() bool { return a.reaches("10.96.0.9:80") })
	f.apply("deny", denyIngress("b"))
	eventually(t, "the Service's Pod to be closed", func() bool { return !a.reaches("10.96.0.9:80") })
	eventually(t, "a Pod to reach itself through a Service", func() bool { return b.reaches("10.96.0.9:80") })
}

func TestEgressToTheNode(t *testing.T) {
	f, _ := enforcing(t, false)
	a := f.pod("a", "10.100.1.2")
	api := node(t).serve(6443)
	kubelet := a.serve(8080)
	eventually(t, "the node", func() bool { return a.reaches(api) })
	f.apply("deny", denyEgress("a"))
	eventually(t, "the node to be out of reach", func() bool { return !a.reaches(api) })
	eventually(t, "answers to the node's probes", func() bool { return node(t).reaches(kubelet) })
}

func TestClaimIsEnforcedBeforeTheStatusNamesAddresses(t *testing.T) {
	f, enforcer := enforcing(t, true)
	f.apply("deny", denyEgress("a"))
	b := f.pod("b", "10.100.1.3")
	server := b.serve(8080)
	a, unknown := newPlace(t, "10.100.1.2"), newPlace(t, "10.100.1.9")
	f.object("a", "")
	socket := filepath.Join(t.TempDir(), "s")
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- enforcer.Serve(ctx, socket) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	claim := Claim{Container: "c1", Pod: "a", Name: "x/a", Addresses: []netip.Addr{a.address}}
	if err := enforcer.Claim(t.Context(), claim); err != nil {
		t.Fatal(err)
	}
	if a.reaches(server) {
		t.Error("a claimed Pod is not isolated")
	}
	if unknown.reaches(server) {
		t.Error("an address without a Pod may talk")
	}
	f.remove("deny")
	eventually(t, "the claimed Pod to be free", func() bool { return a.reaches(server) })
	enforcer.Release("c1")
	eventually(t, "the released address to be without a Pod", func() bool { return !a.reaches(server) })
}

func TestClaimOfAnUnknownPodFails(t *testing.T) {
	_, enforcer := enforcing(t, true)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := enforcer.Claim(ctx, Claim{Container: "c1", Pod: "nobody", Name: "x/nobody"}); err == nil {
		t.Error("a Pod that the API does not know was accepted")
	}
}

func TestRestart(t *testing.T) {
	f, _ := enforcing(t, false)
	a, b := f.pod("a", "10.100.1.2"), f.pod("b", "10.100.1.3")
	server := b.serve(8080)
	f.apply("deny", denyIngress("b"))
	eventually(t, "the policy to isolate", func() bool { return !a.reaches(server) })
	f.remove("deny")
	eventually(t, "no isolation", func() bool { return a.reaches(server) })
	start(t, f.client, nodeOne(false))
	output, err := exec.Command("nft", "list", "tables").CombinedOutput()
	if err != nil || string(output) != "table ip sandkeep-netpol\n" {
		t.Errorf("tables after a second start: %s (error %v)", output, err)
	}
}

func TestKernelTakesIPv6Rules(t *testing.T) {
	t.Cleanup(func() { node(t).command("nft delete table ip6 sandkeep-netpol") })
	client := fake.NewClientset(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "x"}})
	f := &fixture{t, client}
	f.object("a", "fd00::2")
	spec, web := denyIngress("a"), intstr.FromString("web")
	block := networkingv1.IPBlock{CIDR: "2001:db8::/64", Except: []string{"2001:db8::ff00/120"}}
	spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{{IPBlock: &block}}, Ports: []networkingv1.NetworkPolicyPort{{Port: &web}}}}
	f.apply("p", spec)
	start(t, client, Options{Node: "node1", Ranges: []netip.Prefix{netip.MustParsePrefix("fd00::/64")}, Strict: true})
	output, err := exec.Command("nft", "list", "map", "ip6", "sandkeep-netpol", "ingress-pods").CombinedOutput()
	if err != nil || !strings.Contains(string(output), "fd00::2 : goto") {
		t.Errorf("isolated Pods: %s (error %v)", output, err)
	}
}
