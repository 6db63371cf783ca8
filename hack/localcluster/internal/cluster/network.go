package cluster

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"sandkeep.dev/localcluster/internal/address"
	"sandkeep.dev/localcluster/internal/host"
	"sandkeep.dev/localcluster/internal/layout"
)

// claimAddresses takes the first index whose ranges are free on this machine, by making the cluster's bridge there.
func (c *Cluster) claimAddresses(cache string) error {
	lock, err := host.Lock(filepath.Join(layout.Clusters(cache), ".lock"), func() {})
	if err != nil {
		return err
	}
	defer lock.Close()
	var routes []string
	for index := range address.MostClusters {
		plan := address.Plan{Index: index}
		if _, err := net.InterfaceByName(plan.Bridge()); err == nil {
			continue
		}
		user, err := host.InUse(plan.NodeRange(), plan.Pods())
		if err != nil {
			return err
		}
		if user != "" {
			if !slices.Contains(routes, user) {
				routes = append(routes, user)
			}
			continue
		}
		c.Index = index
		err = host.IP(
			fmt.Sprintf("link add %s type bridge", plan.Bridge()),
			fmt.Sprintf("link set %s alias %s up", plan.Bridge(), c.alias()),
			fmt.Sprintf("address add %s/24 dev %s", plan.Host(), plan.Bridge()),
		)
		return errors.Join(err, c.save())
	}
	return noneFree(routes)
}

func noneFree(routes []string) error {
	if len(routes) == 0 {
		return fmt.Errorf("%d clusters run on this machine, which is all it can hold; end one with: hack/cluster down --name NAME", address.MostClusters)
	}
	return fmt.Errorf("no address range is free for a cluster: this machine uses 10.90.0.0/16 or 10.100.0.0/16 by the routes\n  %s\nEnd clusters that you need no more (hack/cluster down --name NAME), or remove the other routes", strings.Join(routes, "\n  "))
}

// releaseAddresses removes the cluster's devices, and with them its routes. A bridge that another cluster made there since stays.
func (c Cluster) releaseAddresses() error {
	plan := c.addresses()
	alias, err := host.Alias(plan.Bridge())
	if err != nil || alias != c.alias() {
		return err
	}
	// The kernel removes a dead node's cable a little later by itself.
	for number := range c.machines() {
		if err := host.RemoveDevice(plan.Port(number + 1)); err != nil {
			return err
		}
	}
	return host.RemoveDevice(plan.Bridge())
}

// alias marks the bridge as this cluster's; the kernel takes up to 255 octets.
func (c Cluster) alias() string { return fmt.Sprintf("sandkeep-%x", sha256.Sum256([]byte(c.folder))) }

// cable joins a node, by the pid of its first process, to the cluster's bridge, and tells it and the host where all Pods are.
func (c Cluster) cable(number, pid int) error {
	plan := c.addresses()
	err := host.IP(
		fmt.Sprintf("link add %s type veth peer name eth0 netns %d", plan.Port(number), pid),
		fmt.Sprintf("link set %s master %s up", plan.Port(number), plan.Bridge()),
		fmt.Sprintf("route add %s via %s onlink dev %s", plan.NodePods(number), plan.Node(number), plan.Bridge()),
	)
	if err != nil {
		return err
	}
	inside := []string{
		"link set lo up",
		fmt.Sprintf("address add %s/24 dev eth0", plan.Node(number)),
		"link set eth0 up",
		fmt.Sprintf("route add default via %s", plan.Host()),
	}
	for other := range c.machines() {
		if other+1 != number {
			inside = append(inside, fmt.Sprintf("route add %s via %s", plan.NodePods(other+1), plan.Node(other+1)))
		}
	}
	return host.IPInside(pid, inside...)
}
