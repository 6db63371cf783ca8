// Package test tests hack/cluster as its users call it, on clusters of its own.
package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const patience = 3 * time.Minute

// testCluster is a running cluster that ends with its test.
type testCluster struct {
	name string
	env  []string
}

// start brings up a cluster under a name that no other run of the tests uses.
func start(t *testing.T, suffix string, options ...string) testCluster {
	t.Helper()
	name := fmt.Sprintf("test-%d-%s", os.Getpid(), suffix)
	t.Cleanup(func() { hackCluster(t, "down", "--name", name) })
	hackCluster(t, append([]string{"up", "--name", name}, options...)...)
	return testCluster{name, environment(t, name)}
}

// hackCluster runs hack/cluster and returns its output; the test fails if it does.
func hackCluster(t *testing.T, arguments ...string) string {
	t.Helper()
	output, err := tryHackCluster(arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func tryHackCluster(arguments ...string) (string, error) {
	return execute(nil, os.Environ(), program(), arguments...)
}

func program() string {
	path, err := filepath.Abs("../../cluster")
	if err != nil {
		panic(err)
	}
	return path
}

// environment is what `hack/cluster env` sets, on top of the test's own.
func environment(t *testing.T, name string) []string {
	t.Helper()
	script := hackCluster(t, "env", "--name", name) + "env -0"
	output, err := execute(nil, os.Environ(), "bash", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimRight(output, "\x00"), "\x00")
}

func (c testCluster) cluster(t *testing.T, arguments ...string) string {
	t.Helper()
	return hackCluster(t, append([]string{arguments[0], "--name", c.name}, arguments[1:]...)...)
}

// shell runs a line of bash with the cluster's kubectl, and returns its output.
func (c testCluster) shell(line string) (string, error) {
	return execute(nil, c.env, "bash", "-c", line)
}

func (c testCluster) mustShell(t *testing.T, line string) string {
	t.Helper()
	output, err := c.shell(line)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// apply creates objects with kubectl.
func (c testCluster) apply(t *testing.T, objects ...any) {
	t.Helper()
	list, err := json.Marshal(object{"apiVersion": "v1", "kind": "List", "items": objects})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := execute(list, c.env, "bash", "-c", "kubectl apply -f -"); err != nil {
		t.Fatal(err)
	}
}

func (c testCluster) awaitReady(t *testing.T, pods ...string) {
	t.Helper()
	c.mustShell(t, fmt.Sprintf("kubectl wait --for=condition=Ready --timeout=%s pod/%s || { kubectl get events >&2; false; }", patience, strings.Join(pods, " pod/")))
}

// eventually waits until the check passes.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s still not: %s: %v", patience, what, err)
		}
	}
}

func execute(stdin []byte, environment []string, name string, arguments ...string) (string, error) {
	command := exec.Command(name, arguments...)
	command.Env = environment
	command.Stdin = bytes.NewReader(stdin)
	var output, errors bytes.Buffer
	command.Stdout, command.Stderr = &output, &errors
	if err := command.Run(); err != nil {
		return output.String(), fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(name), strings.Join(arguments, " "), err, output.String(), errors.String())
	}
	return output.String(), nil
}
