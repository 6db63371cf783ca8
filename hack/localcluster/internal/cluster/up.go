package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"sandkeep.dev/localcluster/internal/address"
	"sandkeep.dev/localcluster/internal/layout"
)

// Up returns a cluster that is ready: it starts one, or waits for the one that runs already. What a crash left of an earlier one is
// cleared first. storage is a registry's folder with the stand-in images, programs the folder of all programs.
func Up(ctx context.Context, cache string, options Options, programs, storage string, progress io.Writer) (Cluster, error) {
	if options.Nodes < 0 || options.Nodes > address.MostNodes {
		return Cluster{}, fmt.Errorf("cannot have %d nodes: up to %d", options.Nodes, address.MostNodes)
	}
	folder, err := layout.Cluster(cache, options.Name)
	if err != nil {
		return Cluster{}, err
	}
	lock, err := lockCluster(cache, options.Name)
	if err != nil {
		return Cluster{}, err
	}
	defer lock.Close()
	present, err := Load(cache, options.Name)
	if err == nil && present.Alive() {
		if present.Options != options {
			return present, fmt.Errorf("cluster %q runs with other options (%s); end it first with: hack/cluster down --name %s", options.Name, describe(present.Options), options.Name)
		}
		return present, present.awaitReady(ctx, progress)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return present, err
	}
	if err := clear(cache, options.Name); err != nil {
		return present, err
	}
	cluster := Cluster{Options: options, Programs: programs, Created: time.Now(), folder: folder}
	return cluster, cluster.start(ctx, cache, storage, progress)
}

func (c *Cluster) start(ctx context.Context, cache, storage string, progress io.Writer) error {
	if err := os.MkdirAll(c.folder, 0o755); err != nil {
		return err
	}
	if err := c.claimAddresses(cache); err != nil {
		return err
	}
	if err := c.certify(); err != nil {
		return err
	}
	if err := c.stock(storage); err != nil {
		return err
	}
	for number := range c.machines() {
		if err := c.launch(number + 1); err != nil {
			return err
		}
	}
	return c.awaitReady(ctx, progress)
}

func describe(options Options) string {
	text := fmt.Sprintf("%d nodes", options.Nodes)
	if options.FeatureGates != "" {
		text += ", feature gates " + options.FeatureGates
	}
	if options.Emulated != "" {
		text += ", emulating Kubernetes " + options.Emulated
	}
	return text
}
