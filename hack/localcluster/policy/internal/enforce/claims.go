package enforce

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// staticPodHash marks the API's mirror of a static Pod with the UID that the kubelet and its network plugin use.
const staticPodHash = "kubernetes.io/config.hash"

// Claim says that a Pod's network, known by the container that holds it, has been given addresses on this node.
type Claim struct {
	Container string       `json:"container"`
	Pod       types.UID    `json:"pod"`
	Name      string       `json:"name"`
	Addresses []netip.Addr `json:"addresses"`
}

type claims struct {
	mutex       sync.Mutex
	byContainer map[string]Claim
}

func newClaims() *claims { return &claims{byContainer: map[string]Claim{}} }

func (c *claims) put(claim Claim) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.byContainer[claim.Container] = claim
}

func (c *claims) remove(container string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.byContainer, container)
}

func (c *claims) owners() map[netip.Addr]types.UID {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	owners := map[netip.Addr]types.UID{}
	for _, claim := range c.byContainer {
		for _, address := range claim.Addresses {
			owners[address] = claim.Pod
		}
	}
	return owners
}

// Claim returns when the rules of the claiming Pod are in force at its addresses, before any of its containers runs.
func (e *Enforcer) Claim(ctx context.Context, claim Claim) error {
	uid, err := e.cluster.waitForPod(ctx, claim.Pod)
	if err != nil {
		return fmt.Errorf("cannot enforce policies for Pod %s: not seen at the API server: %w", claim.Name, err)
	}
	claim.Pod = uid
	e.claims.put(claim)
	next := e.done.next()
	e.triggerNow()
	if err := e.done.wait(ctx, next); err != nil {
		return fmt.Errorf("cannot enforce policies for Pod %s: rules not applied in time: %w", claim.Name, err)
	}
	return nil
}

// Release forgets the addresses that a container's network held.
func (e *Enforcer) Release(container string) {
	e.claims.remove(container)
	e.Trigger()
}

// waitForPod returns the API's UID of a Pod as soon as the local copy has it. The kubelet may be milliseconds ahead.
func (c *Cluster) waitForPod(ctx context.Context, uid types.UID) (types.UID, error) {
	for {
		pods, err := c.pods.List(labels.Everything())
		if err != nil {
			return "", err
		}
		for _, pod := range pods {
			if hash, static := pod.Annotations[staticPodHash]; pod.UID == uid || static && hash == string(uid) {
				return pod.UID, nil
			}
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}
