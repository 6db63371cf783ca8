package rules

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// matches writes an allowance as matches, any of which lets a connection pass.
func (w *world) matches(allowed allowance, direction direction, namespace, name string, locals []endpoint) []string {
	remote := direction.remote(w.Family)
	peers, selected := []string{""}, w.endpoints
	if len(allowed.peers) > 0 {
		open := blocks(allowed.peers, w.Family)
		selected = w.podPeers(allowed.peers, namespace)
		set := w.addressSet(name, selected)
		peers = []string{remote + " @" + set}
		if len(open.Ranges()) > 0 {
			peers = append(peers, remote+" "+anonymous(open))
			selected = slices.Concat(selected, w.within(open))
		}
	}
	servers := locals
	if direction == egress {
		servers = selected
	}
	ports := []string{""}
	if len(allowed.ports) > 0 {
		ports = w.portMatches(allowed.ports, name, servers)
	}
	var found []string
	for _, peer := range peers {
		for _, port := range ports {
			found = append(found, strings.TrimSpace(peer+" "+port))
		}
	}
	return found
}

// portMatches resolves a named port at the Pods it is served by: one match per number it stands for.
func (w *world) portMatches(ports []networkingv1.NetworkPolicyPort, name string, servers []endpoint) []string {
	var found []string
	for i, port := range ports {
		if named(port) == "" {
			found = append(found, numbered(port))
			continue
		}
		protocol, byNumber := protocolOf(port), map[int32][]endpoint{}
		for _, server := range servers {
			for _, number := range containerPorts(server.pod, protocol, named(port)) {
				byNumber[number] = append(byNumber[number], server)
			}
		}
		for _, number := range slices.Sorted(maps.Keys(byNumber)) {
			set := w.addressSet(fmt.Sprintf("%s-%d-%d", name, i, number), byNumber[number])
			found = append(found, fmt.Sprintf("%s @%s %s ct reply proto-src %d", w.Family.server(), set, protocolMatch(protocol), number))
		}
	}
	return found
}

func (w *world) within(open interface{ Contains(netip.Addr) bool }) []endpoint {
	var found []endpoint
	for _, candidate := range w.endpoints {
		if slices.ContainsFunc(candidate.addresses, open.Contains) {
			found = append(found, candidate)
		}
	}
	return found
}

func (w *world) addressSet(name string, members []endpoint) string {
	set := Set{Type: w.Family.setType(), Keys: map[string]bool{}}
	for _, member := range members {
		member.addTo(set)
	}
	w.ruleset.Sets[name] = set
	return name
}
