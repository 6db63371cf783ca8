package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"sandkeep.dev/localcluster/internal/address"
	"sandkeep.dev/localcluster/internal/kubeapi"
	"sandkeep.dev/localcluster/internal/supervisor"
)

const (
	pollInterval = 40 * time.Millisecond
	patience     = 2 * time.Minute
)

type step struct {
	name  string
	check func(context.Context) error
}

// awaitReady waits until all components are healthy, all nodes Ready, Pods admitted and names resolved.
func (c Cluster) awaitReady(ctx context.Context, progress io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client, err := kubeapi.Connect(c.Server(), c.pki())
	if err != nil {
		return err
	}
	began := time.Now()
	for _, step := range c.steps(client) {
		if err := c.await(ctx, step); err != nil {
			return err
		}
		fmt.Fprintf(progress, "%5.1f s  %s\n", time.Since(began).Seconds(), step.name)
	}
	return nil
}

func (c Cluster) steps(client *kubeapi.Client) []step {
	steps := []step{
		{"API server answers", c.componentsHealthy("etcd", "apiserver")},
	}
	if c.Nodes > 0 {
		steps = append(steps, step{"base objects applied", func(ctx context.Context) error { return c.applyBase(ctx, client) }})
	}
	steps = append(steps, step{"service accounts exist", func(ctx context.Context) error {
		return client.Get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", &struct{}{})
	}})
	for number := range c.Nodes {
		name := c.machine(number + 1).Name()
		steps = append(steps, step{name + " is Ready", func(ctx context.Context) error { return nodeReady(ctx, client, name) }})
	}
	if c.Nodes > 0 {
		steps = append(steps, step{"names resolve", c.namesResolve})
	}
	return append(steps, step{"all components are healthy", c.componentsHealthy()})
}

func (c Cluster) await(ctx context.Context, step step) error {
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := step.check(attempt)
		cancel()
		if err == nil {
			return nil
		}
		if !c.Alive() {
			return fmt.Errorf("a node of cluster %q ended while starting; see %s", c.Name, c.Log("supervisor"))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("cluster %q is not ready after %s: waited for %q: %w; see hack/cluster status and logs", c.Name, patience, step.name, err)
		case <-time.After(pollInterval):
		}
	}
}

// componentsHealthy checks the named components, or all if none is named.
func (c Cluster) componentsHealthy(names ...string) func(context.Context) error {
	return func(context.Context) error {
		statuses, err := c.Components()
		if err != nil {
			return err
		}
		var problems []string
		for _, status := range statuses {
			if !status.Healthy && (len(names) == 0 || slices.Contains(names, status.Component)) {
				problems = append(problems, status.Component+": "+status.Problem)
			}
		}
		if len(problems) > 0 {
			return errors.New(strings.Join(problems, "; "))
		}
		return nil
	}
}

// Components returns the status of every component of every node.
func (c Cluster) Components() ([]supervisor.Status, error) {
	var all []supervisor.Status
	for _, process := range c.Supervisors {
		statuses, err := supervisor.Dial(process.PID).Components()
		if err != nil {
			return nil, err
		}
		all = append(all, statuses...)
	}
	return all, nil
}

func nodeReady(ctx context.Context, client *kubeapi.Client, name string) error {
	var node struct {
		Spec struct {
			Taints []struct{ Key string }
		}
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := client.Get(ctx, "/api/v1/nodes/"+name, &node); err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == "Ready" && condition.Status != "True" {
			return errors.New(condition.Message)
		}
	}
	if len(node.Status.Conditions) == 0 || len(node.Spec.Taints) > 0 {
		return fmt.Errorf("%s may not be scheduled to yet", name)
	}
	return nil
}

func (c Cluster) namesResolve(ctx context.Context) error {
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", c.machine(1).Address()+":53")
	}}
	found, err := resolver.LookupHost(ctx, "kubernetes.default.svc.cluster.local.")
	if err == nil && !slices.Contains(found, address.KubernetesService) {
		err = fmt.Errorf("kubernetes.default is %v", found)
	}
	return err
}
