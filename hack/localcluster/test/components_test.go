package test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The control plane alone starts in a second or two, and shows all that a supervisor does.
func TestComponents(t *testing.T) {
	t.Parallel()
	c := start(t, "parts", "--nodes", "0")

	t.Run("up again changes nothing", func(t *testing.T) {
		before := statusOf(t, c)
		c.cluster(t, "up", "--nodes", "0")
		for component, now := range statusOf(t, c) {
			if now.pid != before[component].pid {
				t.Errorf("%s was process %s and is %s", component, before[component].pid, now.pid)
			}
		}
	})
	t.Run("up with other options is refused", func(t *testing.T) {
		_, err := tryHackCluster("up", "--name", c.name, "--nodes", "1")
		if err == nil || !strings.Contains(err.Error(), "runs with other options") {
			t.Errorf("up said: %v", err)
		}
	})
	for _, action := range []string{"kill", "restart"} {
		t.Run(action+" yields a new process that works", func(t *testing.T) {
			before := statusOf(t, c)["apiserver"]
			c.cluster(t, action, "apiserver")
			eventually(t, "apiserver is healthy again", func() error {
				now := statusOf(t, c)["apiserver"]
				if now.health != "healthy" || now.pid == before.pid || now.restarts == before.restarts {
					return fmt.Errorf("before %v, now %v", before, now)
				}
				return nil
			})
			c.mustShell(t, "kubectl get namespaces")
		})
	}
	t.Run("a stopped component stays down until it is started", func(t *testing.T) {
		c.cluster(t, "stop", "apiserver")
		if now := statusOf(t, c)["apiserver"]; now.pid != "0" || !strings.Contains(now.health, "does not run") {
			t.Errorf("it is %v", now)
		}
		c.cluster(t, "start", "apiserver")
		c.cluster(t, "up", "--nodes", "0")
		c.mustShell(t, "kubectl get namespaces")
	})
	t.Run("compact makes old resource versions expire", func(t *testing.T) {
		list := "kubectl get --raw '/api/v1/configmaps?resourceVersionMatch=Exact&limit=1&resourceVersion=20'"
		c.mustShell(t, list)
		c.cluster(t, "compact")
		if _, err := c.shell(list); err == nil || !strings.Contains(err.Error(), "too old") {
			t.Errorf("a list at resource version 20 said: %v", err)
		}
	})
	t.Run("logs prints what a component wrote", func(t *testing.T) {
		expect(t, "Serving securely", c.cluster(t, "logs", "apiserver"))
	})
	t.Run("a component that does not exist is named", func(t *testing.T) {
		_, err := tryHackCluster("kill", "--name", c.name, "nothing")
		if err == nil || !strings.Contains(err.Error(), `has no component "nothing"`) {
			t.Errorf("kill said: %v", err)
		}
	})
}

func TestAnOlderKubernetes(t *testing.T) {
	t.Parallel()
	c := start(t, "older", "--nodes", "0", "--kubernetes-version", "1.34")
	stored, err := execute([]byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"a","image":"a"}],
		"volumes":[{"name":"from-image","image":{"reference":"a"}}]}}`), c.env, "bash", "-c", "kubectl create --dry-run=server -o yaml -f -")
	if err != nil || strings.Contains(stored, "from-image") {
		t.Errorf("Kubernetes 1.34 drops image volumes; here: %v\n%s", err, stored)
	}
}

func TestClustersStandSideBySide(t *testing.T) {
	t.Parallel()
	a, b := start(t, "a", "--nodes", "0"), start(t, "b", "--nodes", "0")
	a.mustShell(t, "kubectl create namespace only-in-a")
	if _, err := b.shell("kubectl get namespace only-in-a"); err == nil {
		t.Error("both clusters are one")
	}
	a.cluster(t, "down")
	b.mustShell(t, "kubectl get namespaces")
	if _, err := tryHackCluster("status", "--name", a.name); err == nil || !strings.Contains(err.Error(), "does not run; start it with") {
		t.Errorf("status of a cluster that ended: %v", err)
	}
}

func TestBadArgumentsAreNamed(t *testing.T) {
	t.Parallel()
	for arguments, message := range map[string]string{
		"":                          "usage:",
		"up --nodes 9":              "up to 4",
		"up --name ../x":            "cannot name a cluster",
		"up --driver docker":        `unknown driver "docker"`,
		"fly":                       `unknown command "fly"`,
		"kill --name sandkeep":      "wants one component",
		"down --driver kind --wide": "flag provided but not defined",
	} {
		_, err := tryHackCluster(strings.Fields(arguments)...)
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("hack/cluster %s said: %v", arguments, err)
		}
	}
}

type component struct{ pid, restarts, health string }

func statusOf(t *testing.T, c testCluster) map[string]component {
	t.Helper()
	components := map[string]component{}
	for _, line := range strings.Split(strings.TrimSpace(c.cluster(t, "status")), "\n")[1:] {
		fields := strings.Fields(line)
		components[fields[0]] = component{fields[1], fields[2], strings.Join(fields[4:], " ")}
	}
	return components
}

func TestMain(m *testing.M) {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "these tests need root, as hack/cluster does")
		os.Exit(1)
	}
	os.Exit(m.Run())
}
