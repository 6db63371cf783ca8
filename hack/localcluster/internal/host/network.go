package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"
)

// IP runs `ip` with commands, one per line, and stops at the first that fails.
func IP(commands ...string) error { return batch(exec.Command("ip", "-batch", "-"), commands) }

// IPInside is IP in the network namespace of a process.
func IPInside(pid int, commands ...string) error {
	return batch(exec.Command("nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", pid), "ip", "-batch", "-"), commands)
}

func batch(command *exec.Cmd, lines []string) error {
	command.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot set up the network (%s): %w\n%s", strings.Join(lines, "; "), err, output)
	}
	return nil
}

// RemoveDevice removes a network device if it is there, and waits until it is gone.
func RemoveDevice(name string) error {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := net.InterfaceByName(name); err != nil {
			return nil
		}
		err := IP("link delete " + name)
		if _, gone := net.InterfaceByName(name); gone != nil {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("network device %s does not go away", name), err)
		}
	}
}

// Alias returns the alias of a network device, and an empty string if there is no such device.
func Alias(device string) (string, error) {
	// /sys may show the devices of another network namespace than the caller's.
	output, err := exec.Command("ip", "-json", "link", "show").Output()
	if err != nil {
		return "", fmt.Errorf("cannot list network devices: %w", err)
	}
	var links []struct {
		Name  string `json:"ifname"`
		Alias string `json:"ifalias"`
	}
	if err := json.Unmarshal(output, &links); err != nil {
		return "", fmt.Errorf("cannot read the list of network devices: %w", err)
	}
	for _, link := range links {
		if link.Name == device {
			return link.Alias, nil
		}
	}
	return "", nil
}

// widest is the shortest prefix of a route that counts as use of its range: wider ones, such as a VPN's 10.0.0.0/8, only name a
// gateway, and a cluster's own routes go before them.
const widest = 16

// InUse returns the route of this machine that overlaps with any of the ranges, or an empty string.
func InUse(ranges ...string) (string, error) {
	output, err := exec.Command("ip", "-4", "route", "show", "table", "all").Output()
	if err != nil {
		return "", fmt.Errorf("cannot list routes: %w", err)
	}
	for _, line := range strings.Split(string(output), "\n") {
		words := strings.Fields(line)
		// `10.0.0.0/24 dev …` or `local 10.0.0.1 dev …`
		for _, word := range words[:min(2, len(words))] {
			if taken := parse(word); taken != nil && overlapsAny(taken, ranges) {
				return strings.TrimSpace(line), nil
			}
		}
	}
	return "", nil
}

func overlapsAny(taken *net.IPNet, ranges []string) bool {
	if length, _ := taken.Mask.Size(); length < widest {
		return false
	}
	for _, text := range ranges {
		if wanted := parse(text); wanted != nil && (taken.Contains(wanted.IP) || wanted.Contains(taken.IP)) {
			return true
		}
	}
	return false
}

func parse(text string) *net.IPNet {
	if !strings.Contains(text, "/") {
		text += "/32"
	}
	_, network, err := net.ParseCIDR(text)
	if err != nil {
		return nil
	}
	return network
}
