package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// insideVariable is set in the process that has namespaces of its own.
const insideVariable = "SANDKEEP_TEST_INSIDE"

// The test runs itself again as the first process of a machine of its own, namespaces within the namespaces, so that all that is there is
// the cluster's doing, and nothing that happens elsewhere meanwhile counts.
func TestDownLeavesNothing(t *testing.T) {
	if os.Getenv(insideVariable) == "" {
		t.Parallel()
		command := exec.Command("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", os.Args[0], "-test.run=^TestDownLeavesNothing$", "-test.v")
		command.Env = append(os.Environ(), fmt.Sprintf("%s=%d", insideVariable, os.Getpid()))
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return
	}
	if _, err := execute(nil, os.Environ(), "ip", "link", "set", "lo", "up"); err != nil {
		t.Fatal(err)
	}
	before := observe(t)
	for name, end := range map[string]func(*testing.T, testCluster){
		"after down": func(*testing.T, testCluster) {},
		"after a crash of the supervisor and down": func(t *testing.T, c testCluster) {
			killSupervisor(t, c)
		},
		"after a crash, another up, and down": func(t *testing.T, c testCluster) {
			killSupervisor(t, c)
			c.cluster(t, "up")
			c.mustShell(t, "kubectl get nodes")
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := testCluster{name: leakName()}
			c.cluster(t, "up")
			c.env = environment(t, c.name)
			c.apply(t, pod("plain", forever, nil), pod("sandboxed", forever, func(spec object) { spec["runtimeClassName"] = "gvisor" }))
			c.awaitReady(t, "plain", "sandboxed")
			during := observe(t)
			for _, kind := range []string{"processes", "devices", "cgroups", "files"} {
				if len(added(before[kind], during[kind])) == 0 {
					t.Errorf("the test would not see %s that stay", kind)
				}
			}
			end(t, c)
			c.cluster(t, "down")
			for kind, now := range observe(t) {
				if left := added(before[kind], now); len(left) > 0 {
					t.Errorf("%s left: %s", kind, strings.Join(left, "\n"))
				}
			}
		})
	}
}

// leakName is the name of the cluster that comes and goes.
func leakName() string { return "test-leak" + os.Getenv(insideVariable) }

func killSupervisor(t *testing.T, c testCluster) {
	t.Helper()
	var state struct{ Supervisors []struct{ PID int } }
	body, err := os.ReadFile(filepath.Join(folderOf(t, c), "cluster.json"))
	if err == nil {
		err = json.Unmarshal(body, &state)
	}
	if err == nil {
		err = syscall.Kill(state.Supervisors[0].PID, syscall.SIGKILL)
	}
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the supervisor is gone", func() error {
		reap()
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", state.Supervisors[0].PID)); err == nil {
			return errors.New("it is there")
		}
		return nil
	})
}

func folderOf(t *testing.T, c testCluster) string {
	return filepath.Dir(strings.TrimSpace(c.cluster(t, "kubeconfig")))
}

// observe lists all that a cluster could leave behind, by kind.
func observe(t *testing.T) map[string][]string {
	t.Helper()
	reap()
	return map[string][]string{
		"processes": processes(t),
		"mounts":    lines(t, "cat", "/proc/self/mounts"),
		"devices":   lines(t, "sh", "-c", "ip -oneline link show | cut -d: -f2"),
		"routes":    lines(t, "ip", "route", "show", "table", "all"),
		"rules":     lines(t, "nft", "list", "ruleset"),
		"cgroups":   cgroups(t),
		"files":     lines(t, "sh", "-c", `ls -d "${SANDKEEP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sandkeep}"/clusters/"$0" 2> /dev/null || true`, leakName()),
	}
}

// reap collects processes that lost their parent to the first process, which is this test.
func reap() {
	for {
		if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != nil || pid <= 0 {
			return
		}
	}
}

func processes(t *testing.T) []string {
	t.Helper()
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, folder := range folders {
		command, err := os.ReadFile(filepath.Join(folder, "cmdline"))
		if err == nil && filepath.Base(folder) != "1" {
			found = append(found, strings.ReplaceAll(string(command), "\x00", " "))
		}
	}
	return found
}

// cgroups lists those of the test's cluster: the hierarchies are the machine's, and others use them too.
func cgroups(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir("/sys/fs/cgroup", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && strings.Contains(path, "/sandkeep-"+leakName()) {
			found = append(found, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func lines(t *testing.T, name string, arguments ...string) []string {
	t.Helper()
	output, err := execute(nil, os.Environ(), name, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(output), "\n")
}

func added(before, now []string) []string {
	return slices.DeleteFunc(slices.Clone(now), func(line string) bool { return line == "" || slices.Contains(before, line) })
}
