package enforce

import (
	"encoding/binary"
	"hash/crc32"
	"net"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// SCTP is sent as raw packets, because kernels without SCTP sockets still forward and track it.
func TestSCTP(t *testing.T) {
	f, _ := enforcing(t, false)
	a, b := f.pod("a", "10.100.1.2"), f.pod("b", "10.100.1.3")
	arrives := sctpArrival(t, a, b)
	eventually(t, "SCTP without policies", func() bool { return arrives(80) })

	spec, protocol, port := denyIngress("b"), corev1.ProtocolSCTP, intstr.FromInt32(80)
	spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{Ports: []networkingv1.NetworkPolicyPort{{Protocol: &protocol, Port: &port}}}}
	f.apply("sctp", spec)
	eventually(t, "the other SCTP port to be closed", func() bool { return !arrives(81) })
	eventually(t, "the allowed SCTP port to be open", func() bool { return arrives(80) })

	protocol = corev1.ProtocolTCP
	f.remove("sctp")
	f.apply("tcp", spec)
	eventually(t, "a rule for TCP to leave SCTP closed", func() bool { return !arrives(80) })
}

// sctpArrival returns a function that says whether a connection attempt to a port gets from one place to the other.
func sctpArrival(t *testing.T, from, to *place) func(port uint16) bool {
	t.Helper()
	const network = "ip4:sctp"
	var sender, receiver net.PacketConn
	open := func(at *place, into *net.PacketConn) {
		err := at.do(func() (err error) {
			*into, err = net.ListenPacket(network, at.address.String())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = (*into).Close() })
	}
	open(from, &sender)
	open(to, &receiver)
	return func(port uint16) bool {
		if _, err := sender.WriteTo(sctpInit(port), &net.IPAddr{IP: to.address.AsSlice()}); err != nil {
			t.Fatal(err)
		}
		if err := receiver.SetReadDeadline(time.Now().Add(silence)); err != nil {
			t.Fatal(err)
		}
		packet := make([]byte, 64)
		for {
			if _, _, err := receiver.ReadFrom(packet); err != nil {
				return false
			}
			if binary.BigEndian.Uint16(packet[2:]) == port {
				return true
			}
		}
	}
}

// sctpInit is the first packet of an SCTP association.
func sctpInit(port uint16) []byte {
	packet := make([]byte, 32)
	binary.BigEndian.PutUint16(packet[0:], 40000)
	binary.BigEndian.PutUint16(packet[2:], port)
	packet[12] = 1                                 // chunk INIT
	binary.BigEndian.PutUint16(packet[14:], 20)    // its length
	binary.BigEndian.PutUint32(packet[16:], 1)     // initiate tag
	binary.BigEndian.PutUint32(packet[20:], 65536) // receiver window
	binary.BigEndian.PutUint16(packet[24:], 1)     // outbound streams
	binary.BigEndian.PutUint16(packet[26:], 1)     // inbound streams
	checksum := crc32.Checksum(packet, crc32.MakeTable(crc32.Castagnoli))
	binary.LittleEndian.PutUint32(packet[8:], checksum)
	return packet
}
