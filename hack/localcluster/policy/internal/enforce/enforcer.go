// Package enforce keeps a node's packet rules up to date with the API server and with the node's own network plugin.
package enforce

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"sandkeep.dev/localcluster/policy/internal/nft"
	"sandkeep.dev/localcluster/policy/internal/rules"
	"sigs.k8s.io/knftables"
)

const (
	table = "sandkeep-netpol"
	// pause gathers changes that come in a burst; a change after a quiet time is applied at once.
	pause = 50 * time.Millisecond
	// retry is how long a refused transaction waits for the next attempt when nothing else changes.
	retry = time.Second
)

// Enforcer applies one node's rules, in one table for each address family of its Pods.
type Enforcer struct {
	node    string
	guarded map[rules.Family][]netip.Prefix
	writers map[rules.Family]*nft.Writer
	cluster *Cluster
	claims  *claims
	strict  bool
	changed chan struct{}
	urgent  chan struct{}
	done    *generation
}

// Options say which node to enforce for. With Strict set, addresses of the Pod ranges that belong to no known Pod may not
// talk: only for nodes where every address is announced by Claim.
type Options struct {
	Node   string
	Ranges []netip.Prefix
	Strict bool
}

// New prepares to enforce in the network namespace of the calling process; it writes nothing yet.
func New(cluster *Cluster, options Options) (*Enforcer, error) {
	e := &Enforcer{
		node:    options.Node,
		guarded: map[rules.Family][]netip.Prefix{},
		writers: map[rules.Family]*nft.Writer{},
		cluster: cluster,
		claims:  newClaims(),
		strict:  options.Strict,
		changed: make(chan struct{}, 1),
		urgent:  make(chan struct{}, 1),
		done:    newGeneration(),
	}
	for _, prefix := range options.Ranges {
		family := rules.FamilyOf(prefix.Addr())
		e.guarded[family] = append(e.guarded[family], prefix)
		tables, err := knftables.New(knftables.Family(family), table)
		if err != nil {
			return nil, fmt.Errorf("cannot use nftables for %s: %w", prefix, err)
		}
		e.writers[family] = nft.NewWriter(tables)
	}
	return e, nil
}

// Run applies the rules, calls ready once after the first full sync, and keeps them current until the context ends.
// What it applied stays in force afterwards.
func (e *Enforcer) Run(ctx context.Context, ready func() error) error {
	if err := e.cluster.start(ctx, e.Trigger); err != nil {
		return err
	}
	e.Trigger()
	for announced := false; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-e.changed:
		}
		if err := e.sync(ctx); err != nil {
			slog.Error("sync failed", "error", err, "retryIn", retry)
			time.AfterFunc(retry, e.Trigger)
		} else if !announced {
			announced = true
			if err := ready(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-e.urgent:
		case <-time.After(pause):
		}
	}
}

// Trigger asks for a sync soon; many calls before it happens cause one.
func (e *Enforcer) Trigger() { signal(e.changed) }

// triggerNow asks for a sync that does not wait for the pause after the one before.
func (e *Enforcer) triggerNow() {
	e.Trigger()
	signal(e.urgent)
}

func signal(channel chan struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}

func (e *Enforcer) sync(ctx context.Context) error {
	began, covers := time.Now(), e.done.begin()
	input, err := e.cluster.snapshot()
	if err != nil {
		return err
	}
	input.Node, input.Claims = e.node, e.claims.owners()
	for family, writer := range e.writers {
		input.Family = family
		if e.strict {
			input.Guarded = e.guarded[family]
		}
		written, err := writer.Apply(ctx, rules.Compile(input))
		if err != nil {
			return err
		}
		if written {
			slog.Info("rules written", "family", family, "policies", len(input.Policies), "took", time.Since(began))
		}
	}
	e.done.finish(covers)
	return nil
}
