package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// kind does what kind can do as well: for machines with a container engine. Its images are the ones of public registries, and it
// has no gVisor.
func kind(ctx context.Context, c call) error {
	name := c.options.Name
	file := filepath.Join(c.cache, "kind", name+".kubeconfig")
	switch c.command {
	case "up":
		return kindUp(ctx, c, file)
	case "down":
		return runKind(ctx, "", "delete", "cluster", "--name", name, "--kubeconfig", file)
	case "kubeconfig":
		fmt.Println(file)
		return nil
	case "env":
		fmt.Printf("export KUBECONFIG='%s'\n", file)
		return nil
	case "load":
		archive, err := c.one("image archive")
		if err != nil {
			return err
		}
		return runKind(ctx, "", "load", "image-archive", archive, "--name", name)
	}
	return fmt.Errorf("driver kind does not know %s", c.command)
}

func kindUp(ctx context.Context, c call, file string) error {
	if c.options.Nodes < 1 || c.options.FeatureGates != "" || c.options.Emulated != "" {
		return fmt.Errorf("driver kind wants at least one node, and knows neither --feature-gates nor --kubernetes-version")
	}
	existing, err := exec.CommandContext(ctx, "kind", "get", "clusters").Output()
	if err != nil {
		return fmt.Errorf("cannot run kind; install it from https://kind.sigs.k8s.io, with a container engine that answers: %w", err)
	}
	for _, name := range strings.Fields(string(existing)) {
		if name == c.options.Name {
			return nil
		}
	}
	config, err := os.ReadFile(filepath.Join(os.Getenv("SANDKEEP_ROOT"), "hack", "localcluster", "kind.yaml"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	workers := strings.Repeat("  - role: worker\n", c.options.Nodes-1)
	return runKind(ctx, string(config)+workers, "create", "cluster", "--name", c.options.Name, "--kubeconfig", file, "--config", "-", "--wait", "3m")
}

func runKind(ctx context.Context, stdin string, arguments ...string) error {
	command := exec.CommandContext(ctx, "kind", arguments...)
	command.Stdin = bytes.NewBufferString(stdin)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("kind %s: %w", strings.Join(arguments, " "), err)
	}
	return nil
}
