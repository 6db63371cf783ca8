package rules

import "net/netip"

// Family is an address family: a table belongs to one, and sees nothing of the other.
type Family string

const (
	IPv4 Family = "ip"
	IPv6 Family = "ip6"
)

// FamilyOf returns the family that an address belongs to.
func FamilyOf(address netip.Addr) Family {
	if address.Is4() {
		return IPv4
	}
	return IPv6
}

func (f Family) setType() string {
	if f == IPv4 {
		return "ipv4_addr"
	}
	return "ipv6_addr"
}

// client is where a connection comes from: what the first packet carried before any source translation.
func (f Family) client() string { return "ct original " + string(f) + " saddr" }

// server is where a connection ends: the address that replies come from, so a Service's address is already a Pod's.
func (f Family) server() string { return "ct reply " + string(f) + " saddr" }
