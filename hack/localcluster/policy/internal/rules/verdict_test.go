package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// connection is what connection tracking knows of one: the rules look at nothing else.
type connection struct {
	client, server netip.Addr
	protocol       string
	port           int
}

// passes runs a connection through the forward hook, as the kernel would, for the matches that Compile writes.
func passes(t *testing.T, ruleset Ruleset, c connection) bool {
	t.Helper()
	return verdict(t, ruleset, "forward", c) != "drop"
}

func verdict(t *testing.T, ruleset Ruleset, chain string, c connection) string {
	t.Helper()
	for _, rule := range ruleset.Chains[chain].Rules {
		words := strings.Fields(rule.Text)
		matched := true
		for len(words) > 0 && matched {
			switch words[0] {
			case "ct":
				matched, words = match(t, ruleset, words, c)
				if len(words) == 2 && words[0] == "vmap" {
					key := c.client
					if strings.HasPrefix(rule.Text, "ct reply") {
						key = c.server
					}
					target, found := ruleset.Maps[words[1][1:]].Entries[key.String()]
					if !found {
						matched = false
						break
					}
					words = strings.Fields(target)
				}
			case "drop", "accept", "return":
				return words[0]
			case "goto":
				return verdict(t, ruleset, words[1], c)
			case "jump":
				if result := verdict(t, ruleset, words[1], c); result == "drop" || result == "accept" {
					return result
				}
				words = nil
			default:
				t.Fatalf("rule %q: word %q is not known to this test", rule.Text, words[0])
			}
		}
	}
	return "end"
}

func match(t *testing.T, ruleset Ruleset, words []string, c connection) (bool, []string) {
	t.Helper()
	switch what := strings.Join(words[1:3], " "); what {
	case "state invalid", "state new":
		return false, nil
	case "original protocol":
		return c.protocol == words[3], words[4:]
	case "reply proto-src":
		low, high, ranged := strings.Cut(words[3], "-")
		if !ranged {
			high = low
		}
		first, _ := strconv.Atoi(low)
		last, _ := strconv.Atoi(high)
		return first <= c.port && c.port <= last, words[4:]
	case "original ip", "reply ip", "original ip6", "reply ip6":
		return matchAddress(t, ruleset, words, c)
	}
	t.Fatalf("match %q is not known to this test", words)
	return false, nil
}

func matchAddress(t *testing.T, ruleset Ruleset, words []string, c connection) (bool, []string) {
	t.Helper()
	address := c.server
	if words[1] == "original" {
		address = c.client
	}
	rest := words[4:]
	switch {
	case rest[0] == "vmap":
		return true, rest
	case rest[0] == ".":
		return ruleset.Sets[rest[5][1:]].Keys[fmt.Sprintf("%s . %s", c.client, c.server)], rest[6:]
	case rest[0] == "!=":
		return !ruleset.Sets[rest[1][1:]].Keys[address.String()], rest[2:]
	case rest[0][0] == '@':
		return ruleset.Sets[rest[0][1:]].Keys[address.String()], rest[1:]
	case rest[0] == "{":
		end := slices.Index(rest, "}")
		return slices.ContainsFunc(rest[1:end], func(span string) bool { return inside(t, strings.TrimSuffix(span, ","), address) }), rest[end+1:]
	}
	return inside(t, rest[0], address), rest[1:]
}

func inside(t *testing.T, span string, address netip.Addr) bool {
	t.Helper()
	if first, last, ranged := strings.Cut(span, "-"); ranged {
		return netip.MustParseAddr(first).Compare(address) <= 0 && address.Compare(netip.MustParseAddr(last)) <= 0
	}
	return netip.MustParsePrefix(span).Contains(address)
}
