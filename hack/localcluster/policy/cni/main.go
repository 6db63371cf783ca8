// Command sandkeep-netpol-cni is the last plugin of a node's CNI chain: it holds a new Pod's containers back until
// sandkeep-netpol enforces the Pod's policies at its addresses. It changes nothing in the Pod's network itself.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
)

const versions = `{"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0"]}`

type network struct {
	CNIVersion string          `json:"cniVersion"`
	Socket     string          `json:"socket"`
	PrevResult json.RawMessage `json:"prevResult"`
}

func main() {
	if err := run(os.Getenv("CNI_COMMAND"), os.Stdin, os.Stdout); err != nil {
		refusal, _ := json.Marshal(map[string]any{"cniVersion": "1.0.0", "code": 11, "msg": err.Error()})
		fmt.Println(string(refusal))
		os.Exit(1)
	}
}

// run performs one CNI command. ADD passes the result of the plugins before on; code 11 of a failure means "try again later".
func run(command string, stdin io.Reader, stdout io.Writer) error {
	if command == "VERSION" {
		_, err := fmt.Fprintln(stdout, versions)
		return err
	}
	var config network
	if err := json.NewDecoder(stdin).Decode(&config); err != nil {
		return fmt.Errorf("cannot read the network's configuration: %w", err)
	}
	container := os.Getenv("CNI_CONTAINERID")
	switch command {
	case "ADD":
		if err := claim(config, container, podOf(os.Getenv("CNI_ARGS"))); err != nil {
			return err
		}
		_, err := stdout.Write(config.PrevResult)
		return err
	case "DEL":
		// An enforcer that does not run has forgotten all claims already.
		_ = request(config.Socket, http.MethodDelete, "/claims/"+url.PathEscape(container), nil)
	}
	return nil
}

type pod struct{ uid, name string }

// podOf reads the arguments that the container runtime passes: "K8S_POD_NAMESPACE=a;K8S_POD_NAME=b;K8S_POD_UID=c".
func podOf(arguments string) pod {
	values := map[string]string{}
	for _, pair := range strings.Split(arguments, ";") {
		key, value, _ := strings.Cut(pair, "=")
		values[key] = value
	}
	return pod{uid: values["K8S_POD_UID"], name: values["K8S_POD_NAMESPACE"] + "/" + values["K8S_POD_NAME"]}
}

func claim(config network, container string, pod pod) error {
	addresses, err := addressesOf(config.PrevResult)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"container": container, "pod": pod.uid, "name": pod.name, "addresses": addresses})
	if err != nil {
		return err
	}
	return request(config.Socket, http.MethodPut, "/claims", body)
}

func addressesOf(result json.RawMessage) ([]netip.Addr, error) {
	var previous struct {
		IPs []struct {
			Address netip.Prefix `json:"address"`
		} `json:"ips"`
	}
	if err := json.Unmarshal(result, &previous); err != nil {
		return nil, fmt.Errorf("cannot read the result of the plugins before: %w", err)
	}
	var addresses []netip.Addr
	for _, ip := range previous.IPs {
		addresses = append(addresses, ip.Address.Addr())
	}
	return addresses, nil
}

func request(socket, method, path string, body []byte) error {
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
	request, err := http.NewRequest(method, "http://sandkeep-netpol"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("cannot reach sandkeep-netpol at %s: %w", socket, err)
	}
	defer response.Body.Close()
	message, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("sandkeep-netpol refused: %s %s", response.Status, strings.TrimSpace(string(message)))
	}
	return nil
}
