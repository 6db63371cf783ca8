package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"sandkeep.dev/localcluster/internal/build"
	"sandkeep.dev/localcluster/internal/cluster"
	"sandkeep.dev/localcluster/internal/host"
	"sandkeep.dev/localcluster/internal/images"
	"sandkeep.dev/localcluster/internal/layout"
)

var commands map[string]func(context.Context, call) error

func init() {
	commands = map[string]func(context.Context, call) error{
		"up": up, "down": down, "status": status, "kubeconfig": kubeconfig, "env": environment, "logs": logs,
		"kill": act, "restart": act, "stop": act, "start": act, "load": load, "exec": execute, "compact": compact, "build": buildAll,
	}
}

func buildAll(_ context.Context, c call) error {
	_, _, err := prepare(c)
	return err
}

// prepare builds what is missing and returns the folders of the programs and of the stand-in images.
func prepare(c call) (programs, storage string, err error) {
	root := os.Getenv("SANDKEEP_ROOT")
	if root == "" {
		return "", "", errors.New("SANDKEEP_ROOT does not say where the repository is: call hack/cluster")
	}
	if err := host.Require(filepath.Join(root, "hack", "prerequisites")); err != nil {
		return "", "", err
	}
	builder := build.Builder{Root: filepath.Join(root, "hack", "localcluster"), Cache: layout.Binaries(c.cache), Progress: os.Stderr}
	if programs, err = builder.Programs(); err != nil {
		return "", "", err
	}
	storage, err = images.Storage(layout.Images(c.cache), programs, os.Stderr)
	return programs, storage, err
}

func up(ctx context.Context, c call) error {
	began := time.Now()
	programs, storage, err := prepare(c)
	if err != nil {
		return err
	}
	running, err := cluster.Up(ctx, c.cache, c.options, programs, storage, os.Stderr)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "Cluster %q is up after %.1f s. Use it: eval \"$(hack/cluster env --name %s)\"\n", c.options.Name, time.Since(began).Seconds(), c.options.Name)
	if running.Programs != programs {
		fmt.Fprintf(os.Stderr, "It runs programs of an earlier build; end it and start it again to change that.\n")
	}
	return nil
}

func down(_ context.Context, c call) error {
	names := []string{c.options.Name}
	if c.all {
		var err error
		if names, err = cluster.Names(c.cache); err != nil {
			return err
		}
	}
	for _, name := range names {
		found, err := cluster.Down(c.cache, name)
		if err != nil {
			return err
		}
		if found {
			fmt.Fprintf(os.Stderr, "Cluster %q is gone\n", name)
		}
	}
	return nil
}

func status(_ context.Context, c call) error {
	running, err := cluster.Running(c.cache, c.options.Name)
	if err != nil {
		return err
	}
	statuses, err := running.Components()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMPONENT\tPID\tRESTARTS\tUPTIME\tHEALTH")
	for _, status := range statuses {
		health := "healthy"
		if !status.Healthy {
			health = status.Problem
			if status.LastExit != "" {
				health += ", " + status.LastExit
			}
		}
		uptime := (time.Duration(status.UptimeMilliseconds) * time.Millisecond).Round(time.Second)
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\n", status.Component, status.PID, status.Restarts, uptime, health)
	}
	return table.Flush()
}

func kubeconfig(_ context.Context, c call) error {
	running, err := cluster.Running(c.cache, c.options.Name)
	if err == nil {
		fmt.Println(running.Kubeconfig())
	}
	return err
}

func environment(_ context.Context, c call) error {
	running, err := cluster.Running(c.cache, c.options.Name)
	if err == nil {
		fmt.Printf("export KUBECONFIG='%s'\nexport PATH='%s':\"$PATH\"\n", running.Kubeconfig(), running.Programs)
	}
	return err
}

func load(_ context.Context, c call) error {
	operand, err := c.one("image archive")
	if err != nil {
		return err
	}
	running, err := cluster.Running(c.cache, c.options.Name)
	if err != nil {
		return err
	}
	name, archive, named := strings.Cut(operand, "=")
	if !named {
		name, archive = "", operand
	}
	image, err := images.Load(filepath.Join(running.Programs, "crane"), running.Registry(), archive, name)
	if err == nil {
		fmt.Println(image)
	}
	return err
}
