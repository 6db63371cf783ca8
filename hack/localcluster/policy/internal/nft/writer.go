// Package nft brings a node's nftables table to a wanted content.
package nft

import (
	"context"
	"fmt"

	"sandkeep.dev/localcluster/policy/internal/rules"
	"sigs.k8s.io/knftables"
)

// Writer owns one table and remembers what it holds, so that a sync writes differences only.
type Writer struct {
	nft     knftables.Interface
	applied *rules.Ruleset
}

// NewWriter returns a writer that replaces the whole table on its first Apply, whatever an earlier process left there.
func NewWriter(nft knftables.Interface) *Writer { return &Writer{nft: nft} }

// Apply makes the table hold exactly the wanted rules in one transaction, or returns an error and leaves it as it was;
// the next Apply then writes everything anew. It reports whether there was anything to write.
func (w *Writer) Apply(ctx context.Context, want rules.Ruleset) (bool, error) {
	transaction := w.nft.NewTransaction()
	before := rules.Ruleset{}
	if w.applied == nil {
		transaction.Add(&knftables.Table{})
		transaction.Delete(&knftables.Table{})
		transaction.Add(&knftables.Table{Comment: knftables.PtrTo("NetworkPolicies of this node's Pods")})
	} else {
		before = *w.applied
	}
	writeChanges(transaction, before, want)
	if transaction.NumOperations() == 0 {
		return false, nil
	}
	w.applied = nil
	if err := w.nft.Run(ctx, transaction); err != nil {
		return false, fmt.Errorf("cannot apply %d nftables operations: %w", transaction.NumOperations(), err)
	}
	w.applied = &want
	return true, nil
}
