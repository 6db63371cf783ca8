package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// One cluster of two nodes serves all these tests, as its start is what takes time.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	c := start(t, "two", "--nodes", "2")
	c.apply(t,
		pod("client", forever, on("node1")),
		pod("server", []string{"httpd", "-f", "-p", "8080", "-h", "/etc"}, on("node2")),
		service("server", object{"type": "NodePort", "ports": []object{{"port": 80, "targetPort": 8080, "nodePort": 30080}}}),
		pod("sandboxed", forever, func(spec object) { spec["runtimeClassName"] = "gvisor" }),
		pod("remapped", forever, func(spec object) { spec["hostUsers"] = false }),
		pod("with-image", forever, func(spec object) {
			spec["volumes"] = []object{{"name": "image", "image": object{"reference": "python:3.11-slim"}}}
			spec["containers"].([]object)[0]["volumeMounts"] = []object{{"name": "image", "mountPath": "/image"}}
		}),
		pod("nowhere", forever, func(spec object) { spec["containers"].([]object)[0]["image"] = "example.com/no/such:1" }),
	)
	c.awaitReady(t, "client", "server", "sandboxed", "remapped", "with-image")

	address := func(t *testing.T, kind, name, path string) string {
		return c.mustShell(t, fmt.Sprintf("kubectl get %s %s -o jsonpath='{%s}'", kind, name, path))
	}
	const page = "root:x:0:"

	t.Run("a Pod reaches a Pod of the other node by its address", func(t *testing.T) {
		c.answers(t, page, "kubectl exec client -- timeout 5 wget -qO- http://"+address(t, "pod", "server", ".status.podIP")+":8080/group")
	})
	t.Run("a Pod reaches a Service by its name", func(t *testing.T) {
		c.answers(t, page, "kubectl exec client -- timeout 5 wget -qO- http://server.default.svc.cluster.local/group")
		c.answers(t, page, "kubectl exec client -- timeout 5 wget -qO- http://server/group")
	})
	t.Run("the host reaches a Pod, and a NodePort on both nodes", func(t *testing.T) {
		c.answers(t, page, "curl -sS --max-time 5 http://"+address(t, "pod", "server", ".status.podIP")+":8080/group")
		for _, node := range []string{"node1", "node2"} {
			c.answers(t, page, "curl -sS --max-time 5 http://"+address(t, "node", node, `.status.addresses[?(@.type=="InternalIP")].address`)+":30080/group")
		}
	})
	t.Run("the RuntimeClass gvisor runs Pods in gVisor", func(t *testing.T) {
		expect(t, "gvisor", c.mustShell(t, "kubectl exec sandboxed -- cat /proc/version"))
	})
	t.Run("a Pod with hostUsers false is root of its own users only", func(t *testing.T) {
		if identity := strings.Fields(c.mustShell(t, "kubectl exec remapped -- cat /proc/self/uid_map")); identity[1] == "0" {
			t.Errorf("root of the Pod is root of the host: %v", identity)
		}
	})
	t.Run("an image can be mounted as a volume", func(t *testing.T) {
		expect(t, "Debian", c.mustShell(t, "kubectl exec with-image -- cat /image/etc/os-release"))
	})
	t.Run("an image that the registry lacks is reported as not found", func(t *testing.T) {
		eventually(t, "the Pod waits with not found", func() error {
			output, err := c.shell("kubectl get pod nowhere -o jsonpath='{.status.containerStatuses[0].state.waiting.message}'")
			if err == nil && !strings.Contains(output, "not found") {
				err = fmt.Errorf("its message is %q", output)
			}
			return err
		})
	})
	t.Run("a NetworkPolicy cuts Pods of both nodes off, and the host is let through", func(t *testing.T) {
		c.apply(t, object{
			"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": object{"name": "closed"},
			"spec": object{"podSelector": object{"matchLabels": object{"app": "server"}}, "policyTypes": []string{"Ingress"}},
		})
		eventually(t, "the server is out of reach", func() error {
			if _, err := c.shell("kubectl exec client -- timeout 2 wget -qO- http://server/group"); err == nil {
				return fmt.Errorf("it answers")
			}
			return nil
		})
		c.mustShell(t, "kubectl delete networkpolicy closed")
		eventually(t, "the server is back in reach", func() error {
			_, err := c.shell("kubectl exec client -- timeout 5 wget -qO- http://server/group")
			return err
		})
	})
	t.Run("a claim gets a volume that outlives its Pods, on either node, and goes with the claim", func(t *testing.T) {
		const write, read = "echo kept > /data/file && sleep infinity", "grep kept /data/file && sleep infinity"
		c.apply(t, claim("data"), pod("writer", []string{"sh", "-ec", write}, mounting("data", "node1")))
		c.awaitReady(t, "writer")
		c.mustShell(t, "kubectl delete pod writer")
		c.apply(t, pod("reader", []string{"sh", "-ec", read}, mounting("data", "node2")))
		c.awaitReady(t, "reader")
		eventually(t, "the reader has found it", func() error {
			output, err := c.shell("kubectl logs reader")
			if err == nil && !strings.Contains(output, "kept") {
				err = fmt.Errorf("it wrote %q", output)
			}
			return err
		})
		volume := address(t, "pvc", "data", ".spec.volumeName")
		folder := address(t, "pv", volume, ".spec.hostPath.path")
		if _, err := os.Stat(filepath.Join(folder, "file")); err != nil {
			t.Error(err)
		}
		c.mustShell(t, "kubectl delete pod/reader pvc/data")
		c.mustShell(t, "kubectl wait --for=delete --timeout=60s pv/"+volume)
		if _, err := os.Stat(folder); !os.IsNotExist(err) {
			t.Errorf("its folder: %v", err)
		}
	})
	t.Run("a loaded image runs under the name it was loaded by", func(t *testing.T) {
		archive := filepath.Join(t.TempDir(), "image.tar")
		c.mustShell(t, fmt.Sprintf("crane pull --insecure %s:5000/library/busybox:stable %s", address(t, "node", "node1", ".status.addresses[0].address"), archive))
		if name := c.cluster(t, "load", "ghcr.io/acme/tool:1="+archive); name != "ghcr.io/acme/tool:1\n" {
			t.Errorf("load printed %q", name)
		}
		c.apply(t, pod("loaded", forever, func(spec object) { spec["containers"].([]object)[0]["image"] = "ghcr.io/acme/tool:1" }))
		c.awaitReady(t, "loaded")
	})
	t.Run("a load of what is no archive says so", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "text")
		if err := os.WriteFile(file, []byte("no archive"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := tryHackCluster("load", "--name", c.name, file); err == nil || !strings.Contains(err.Error(), "cannot read image archive") {
			t.Errorf("load said: %v", err)
		}
	})
}

// answers waits until a request prints a page: the way to a Pod or a Service is there a moment after it is ready.
func (c testCluster) answers(t *testing.T, page, request string) {
	t.Helper()
	eventually(t, request+" is answered", func() error {
		output, err := c.shell(request)
		if err == nil && !strings.Contains(output, page) {
			err = fmt.Errorf("it printed %q", output)
		}
		return err
	})
}

func expect(t *testing.T, part, whole string) {
	t.Helper()
	if !strings.Contains(whole, part) {
		t.Errorf("expected %q in what ends in %q", part, whole[max(0, len(whole)-1000):])
	}
}
