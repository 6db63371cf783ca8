package nft

import (
	"context"
	"errors"
	"strings"
	"testing"

	"sandkeep.dev/localcluster/policy/internal/rules"
	"sigs.k8s.io/knftables"
)

func aRuleset(change func(*rules.Ruleset)) rules.Ruleset {
	ruleset := rules.Ruleset{
		Sets:   map[string]rules.Set{"peers": {Type: "ipv4_addr", Keys: map[string]bool{"10.0.0.1": true, "10.0.0.2": true}}},
		Maps:   map[string]rules.Map{"pods": {Type: "ipv4_addr : verdict", Entries: map[string]string{"10.0.0.3": "goto one"}}},
		Chains: map[string]rules.Chain{"forward": {Hook: "forward", Rules: []rules.Rule{{Text: "ct original ip saddr vmap @pods"}}}, "one": {Rules: []rules.Rule{{Text: "ct reply ip saddr @peers return"}, {Text: "drop", Comment: "x/y"}}}},
	}
	change(&ruleset)
	return ruleset
}

// Each row is a change that a sync can meet; written as a difference it must give what writing everything gives.
var changes = map[string]func(*rules.Ruleset){
	"nothing":           func(*rules.Ruleset) {},
	"key added":         func(r *rules.Ruleset) { r.Sets["peers"].Keys["10.0.0.9"] = true },
	"key removed":       func(r *rules.Ruleset) { delete(r.Sets["peers"].Keys, "10.0.0.1") },
	"rule changed":      func(r *rules.Ruleset) { r.Chains["one"].Rules[0].Text = "ct reply ip saddr @peers accept" },
	"entry removed":     func(r *rules.Ruleset) { delete(r.Maps["pods"].Entries, "10.0.0.3"); delete(r.Chains, "one") },
	"set and user gone": func(r *rules.Ruleset) { r.Chains["one"] = rules.Chain{}; delete(r.Sets, "peers") },
	"entry to new chain": func(r *rules.Ruleset) {
		r.Chains["two"] = rules.Chain{Rules: []rules.Rule{{Text: "drop"}}}
		r.Maps["pods"].Entries["10.0.0.3"] = "goto two"
	},
	"chain replaced": func(r *rules.Ruleset) {
		r.Chains["two"] = r.Chains["one"]
		delete(r.Chains, "one")
		r.Maps["pods"].Entries["10.0.0.3"] = "goto two"
	},
	"new set in new rule": func(r *rules.Ruleset) {
		r.Sets["more"] = rules.Set{Type: "ipv4_addr", Keys: map[string]bool{"10.0.0.5": true}}
		r.Chains["one"].Rules[0].Text = "ct reply ip saddr @more return"
	},
	"very long comment": func(r *rules.Ruleset) { r.Chains["one"].Rules[1].Comment = strings.Repeat("x", 300) },
}

func TestApplyWritesDifferences(t *testing.T) {
	ctx := context.Background()
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			incremental, whole := knftables.NewFake(knftables.IPv4Family, "t"), knftables.NewFake(knftables.IPv4Family, "t")
			writer := NewWriter(incremental)
			for _, want := range []rules.Ruleset{aRuleset(func(*rules.Ruleset) {}), aRuleset(change)} {
				if _, err := writer.Apply(ctx, want); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := NewWriter(whole).Apply(ctx, aRuleset(change)); err != nil {
				t.Fatal(err)
			}
			if got, want := incremental.Dump(), whole.Dump(); got != want {
				t.Errorf("difference gave\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestApplyWritesNothingTwice(t *testing.T) {
	writer := NewWriter(knftables.NewFake(knftables.IPv4Family, "t"))
	for i, want := range []bool{true, false} {
		written, err := writer.Apply(context.Background(), aRuleset(func(*rules.Ruleset) {}))
		if err != nil || written != want {
			t.Errorf("apply %d wrote %v (error %v), want %v", i, written, err, want)
		}
	}
}

type failing struct {
	*knftables.Fake
	err error
}

func (f *failing) Run(ctx context.Context, transaction *knftables.Transaction) error {
	if f.err != nil {
		return f.err
	}
	return f.Fake.Run(ctx, transaction)
}

func TestApplyWritesEverythingAfterAFailure(t *testing.T) {
	ctx, table := context.Background(), &failing{Fake: knftables.NewFake(knftables.IPv4Family, "t")}
	writer := NewWriter(table)
	if _, err := writer.Apply(ctx, aRuleset(func(*rules.Ruleset) {})); err != nil {
		t.Fatal(err)
	}
	table.err = errors.New("netlink is busy")
	if _, err := writer.Apply(ctx, aRuleset(changes["key added"])); !errors.Is(err, table.err) {
		t.Fatalf("error %v, want one that wraps %v", err, table.err)
	}
	table.err = nil
	if _, err := writer.Apply(ctx, aRuleset(changes["key removed"])); err != nil {
		t.Fatal(err)
	}
	if dump := table.Dump(); strings.Contains(dump, "10.0.0.1 ") || !strings.Contains(dump, "10.0.0.2") {
		t.Errorf("table holds\n%s", dump)
	}
}
