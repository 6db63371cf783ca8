// Package rules turns Pods, Namespaces and NetworkPolicies into the packet rules of one node, without touching the kernel.
package rules

// Ruleset is the wanted content of one nftables table, ready to be compared with what was applied before.
type Ruleset struct {
	Sets   map[string]Set
	Maps   map[string]Map
	Chains map[string]Chain
}

// Set is a named set of keys; a key of several fields separates them with " . ".
type Set struct {
	Type string
	Keys map[string]bool
}

// Map is a named map from one address to a verdict.
type Map struct {
	Type    string
	Entries map[string]string
}

// Chain is a list of rules; with a Hook it is a base chain of type filter that accepts by default.
type Chain struct {
	Hook  string
	Rules []Rule
}

// Rule is one nftables rule and a comment that says where it comes from.
type Rule struct {
	Text    string
	Comment string
}
