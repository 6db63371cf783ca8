package rules

import "fmt"

const (
	selfSet  = "self"
	knownSet = "known"
)

func podsMap(d direction) string { return string(d) + "-pods" }

// skeleton is the part of the table that does not depend on policies.
//
//	forward ─┬─ egress  ─ map of the client's address ─ goto egress-pods-…  ─ return: allowed, drop
//	         └─ ingress ─ map of the server's address ─ goto ingress-pods-… ─ return: allowed, drop
//	input   ─── egress
//
// Traffic from the node itself leaves by the output hook, which has no chain here: the kubelet reaches every Pod.
func skeleton(input Input) Ruleset {
	family := input.Family
	address := family.setType()
	begin := []Rule{
		{Text: "ct state invalid drop", Comment: "Belongs to no connection that could be judged"},
		{Text: "ct state new tcp flags & (fin | syn | rst | ack) != syn drop", Comment: "A cut connection must not be taken up from its other end"},
	}
	ruleset := Ruleset{
		Sets: map[string]Set{selfSet: {Type: address + " . " + address, Keys: map[string]bool{}}},
		Maps: map[string]Map{},
	}
	forward, inward := begin, []Rule{}
	if len(input.Guarded) > 0 {
		ruleset.Sets[knownSet] = Set{Type: address, Keys: map[string]bool{}}
	}
	for _, guarded := range input.Guarded {
		from := Rule{Text: fmt.Sprintf("%s %s %s != @%s drop", family.client(), guarded, family.client(), knownSet), Comment: "From an address without a known Pod"}
		to := Rule{Text: fmt.Sprintf("%s %s %s != @%s drop", family.server(), guarded, family.server(), knownSet), Comment: "To an address without a known Pod"}
		forward = append(forward, from, to)
		inward = append(inward, Rule{Text: "ct direction original " + from.Text, Comment: from.Comment})
	}
	forward = append(forward,
		Rule{Text: fmt.Sprintf("%s . %s @%s accept", family.client(), family.server(), selfSet), Comment: "A Pod always reaches itself"},
		Rule{Text: "jump egress"},
		Rule{Text: "jump ingress"},
	)
	ruleset.Chains = map[string]Chain{
		"forward": {Hook: "forward", Rules: forward},
		"input":   {Hook: "input", Rules: append(inward, Rule{Text: "ct direction original jump egress", Comment: "Replies to the node's own connections pass"})},
	}
	for _, d := range []direction{ingress, egress} {
		end := family.server()
		if d == egress {
			end = family.client()
		}
		ruleset.Maps[podsMap(d)] = Map{Type: address + " : verdict", Entries: map[string]string{}}
		ruleset.Chains[string(d)] = Chain{Rules: []Rule{{Text: fmt.Sprintf("%s vmap @%s", end, podsMap(d))}}}
	}
	return ruleset
}
