package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"sandkeep.dev/localcluster/internal/cluster"
	"sandkeep.dev/localcluster/internal/supervisor"
)

// act performs kill, restart, stop or start on a component, on whichever node it is.
func act(_ context.Context, c call) error {
	component, err := c.one("component")
	if err != nil {
		return err
	}
	running, err := cluster.Running(c.cache, c.options.Name)
	if err != nil {
		return err
	}
	for _, process := range running.Supervisors {
		client := supervisor.Dial(process.PID)
		statuses, err := client.Components()
		if err != nil {
			return err
		}
		for _, status := range statuses {
			if status.Component == component {
				return client.Act(component, c.command)
			}
		}
	}
	return fmt.Errorf("cluster %q has no component %q; hack/cluster status lists them", c.options.Name, component)
}

func logs(_ context.Context, c call) error {
	component, err := c.one("component")
	if err != nil {
		return err
	}
	known, err := cluster.Load(c.cache, c.options.Name)
	if err != nil {
		return fmt.Errorf("there is no cluster %q: %w", c.options.Name, err)
	}
	words := []string{"tail", "-n", "+1"}
	if c.follow {
		words = append(words, "-F")
	}
	return replaceBy(append(words, known.Log(component))...)
}

// execute runs a command in all namespaces of the first node.
func execute(_ context.Context, c call) error {
	running, err := cluster.Running(c.cache, c.options.Name)
	if err != nil {
		return err
	}
	if err := os.Setenv("PATH", running.Programs+":"+os.Getenv("PATH")); err != nil {
		return err
	}
	return replaceBy(append(inside(running), c.operand...)...)
}

func inside(running cluster.Cluster) []string {
	return []string{"nsenter", "--target", fmt.Sprint(running.Supervisors[0].PID), "--net", "--mount", "--pid", "--"}
}

func replaceBy(words ...string) error {
	program, err := exec.LookPath(words[0])
	if err != nil {
		return err
	}
	return syscall.Exec(program, words, os.Environ())
}

// compact makes etcd forget all but the present, by its JSON gateway.
func compact(ctx context.Context, c call) error {
	running, err := cluster.Running(c.cache, c.options.Name)
	if err != nil {
		return err
	}
	var now struct {
		Header struct {
			Revision string `json:"revision"`
		} `json:"header"`
	}
	answer, err := askEtcd(ctx, running, "/v3/kv/range", `{"key":"AA==","limit":1}`)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, &now); err != nil {
		return fmt.Errorf("cannot read etcd's answer %s: %w", answer, err)
	}
	_, err = askEtcd(ctx, running, "/v3/kv/compaction", fmt.Sprintf(`{"revision":%q,"physical":true}`, now.Header.Revision))
	return err
}

func askEtcd(ctx context.Context, running cluster.Cluster, path, body string) ([]byte, error) {
	words := append(inside(running), "curl", "-sS", "--fail-with-body", "-d", body, "http://127.0.0.1:2379"+path)
	output, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("etcd refuses %s: %w: %s", path, err, output)
	}
	return output, nil
}
