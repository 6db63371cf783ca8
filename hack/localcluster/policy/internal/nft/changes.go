package nft

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"sandkeep.dev/localcluster/policy/internal/rules"
	"sigs.k8s.io/knftables"
)

// writeChanges orders operations so that nothing is named before it exists or deleted while it is named.
func writeChanges(transaction *knftables.Transaction, before, want rules.Ruleset) {
	for _, name := range added(before.Sets, want.Sets) {
		transaction.Add(&knftables.Set{Name: name, Type: want.Sets[name].Type})
	}
	for _, name := range added(before.Maps, want.Maps) {
		transaction.Add(&knftables.Map{Name: name, Type: want.Maps[name].Type})
	}
	for _, name := range added(before.Chains, want.Chains) {
		transaction.Add(newChain(name, want.Chains[name].Hook))
	}
	for _, name := range sorted(want.Sets) {
		writeKeys(transaction, name, before.Sets[name].Keys, want.Sets[name].Keys)
	}
	for _, name := range sorted(want.Chains) {
		writeRules(transaction, name, before.Chains[name].Rules, want.Chains[name].Rules)
	}
	for _, name := range sorted(want.Maps) {
		writeEntries(transaction, name, before.Maps[name].Entries, want.Maps[name].Entries)
	}
	gone := added(want.Chains, before.Chains)
	for _, name := range gone {
		transaction.Flush(&knftables.Chain{Name: name})
	}
	for _, name := range gone {
		transaction.Delete(&knftables.Chain{Name: name})
	}
	for _, name := range added(want.Sets, before.Sets) {
		transaction.Delete(&knftables.Set{Name: name})
	}
}

func newChain(name, hook string) *knftables.Chain {
	if hook == "" {
		return &knftables.Chain{Name: name}
	}
	return &knftables.Chain{
		Name:     name,
		Type:     knftables.PtrTo(knftables.FilterType),
		Hook:     knftables.PtrTo(knftables.BaseChainHook(hook)),
		Priority: knftables.PtrTo(knftables.FilterPriority),
	}
}

func writeKeys(transaction *knftables.Transaction, set string, before, want map[string]bool) {
	for _, key := range added(want, before) {
		transaction.Delete(&knftables.Element{Set: set, Key: fields(key)})
	}
	for _, key := range added(before, want) {
		transaction.Add(&knftables.Element{Set: set, Key: fields(key)})
	}
}

func writeEntries(transaction *knftables.Transaction, name string, before, want map[string]string) {
	for _, key := range sorted(before) {
		if value, kept := want[key]; !kept || value != before[key] {
			transaction.Delete(&knftables.Element{Map: name, Key: fields(key), Value: []string{before[key]}})
		}
	}
	for _, key := range sorted(want) {
		if value, there := before[key]; !there || value != want[key] {
			transaction.Add(&knftables.Element{Map: name, Key: fields(key), Value: []string{want[key]}})
		}
	}
}

func writeRules(transaction *knftables.Transaction, chain string, before, want []rules.Rule) {
	if reflect.DeepEqual(before, want) {
		return
	}
	if before != nil {
		transaction.Flush(&knftables.Chain{Name: chain})
	}
	for _, rule := range want {
		transaction.Add(&knftables.Rule{Chain: chain, Rule: rule.Text, Comment: comment(rule.Comment)})
	}
}

func comment(text string) *string {
	if text == "" {
		return nil
	}
	return knftables.PtrTo(text[:min(len(text), knftables.CommentLengthMax-1)])
}

func fields(key string) []string { return strings.Split(key, " . ") }

// added returns the names that only the second map has, in order.
func added[V any](before, after map[string]V) []string {
	var names []string
	for _, name := range sorted(after) {
		if _, there := before[name]; !there {
			names = append(names, name)
		}
	}
	return names
}

func sorted[V any](all map[string]V) []string { return slices.Sorted(maps.Keys(all)) }
