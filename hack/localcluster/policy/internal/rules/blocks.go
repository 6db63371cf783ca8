package rules

import (
	"net/netip"
	"strings"

	"go4.org/netipx"
	networkingv1 "k8s.io/api/networking/v1"
)

// blocks returns the addresses that the peers' ipBlocks leave open. An exception counts for its own block only.
func blocks(peers []networkingv1.NetworkPolicyPeer, family Family) *netipx.IPSet {
	var all netipx.IPSetBuilder
	for _, peer := range peers {
		if peer.IPBlock == nil {
			continue
		}
		cidr, err := netip.ParsePrefix(peer.IPBlock.CIDR)
		if err != nil || FamilyOf(cidr.Addr()) != family {
			continue
		}
		var block netipx.IPSetBuilder
		block.AddPrefix(cidr)
		for _, except := range peer.IPBlock.Except {
			if excluded, err := netip.ParsePrefix(except); err == nil {
				block.RemovePrefix(excluded)
			}
		}
		if open, err := block.IPSet(); err == nil {
			all.AddSet(open)
		}
	}
	open, err := all.IPSet()
	if err != nil {
		return &netipx.IPSet{}
	}
	return open
}

// anonymous writes a set of ranges as an nftables anonymous set.
func anonymous(set *netipx.IPSet) string {
	var ranges []string
	for _, span := range set.Ranges() {
		if prefix, ok := span.Prefix(); ok {
			ranges = append(ranges, prefix.String())
		} else {
			ranges = append(ranges, span.String())
		}
	}
	return "{ " + strings.Join(ranges, ", ") + " }"
}
