package address

import (
	"net/netip"
	"testing"
)

func TestNoTwoClustersShareAnAddress(t *testing.T) {
	var ranges []netip.Prefix
	for index := range MostClusters {
		plan := Plan{index}
		for _, text := range []string{plan.NodeRange(), plan.Pods()} {
			prefix, err := netip.ParsePrefix(text)
			if err != nil || prefix != prefix.Masked() {
				t.Fatalf("%s is no range: %v", text, err)
			}
			for _, other := range ranges {
				if other.Overlaps(prefix) {
					t.Errorf("%s overlaps %s", prefix, other)
				}
			}
			ranges = append(ranges, prefix)
		}
	}
}

func TestNodesLieInTheirClustersRanges(t *testing.T) {
	plan := Plan{MostClusters - 1}
	for number := 1; number <= MostNodes; number++ {
		if !netip.MustParsePrefix(plan.NodeRange()).Contains(netip.MustParseAddr(plan.Node(number))) {
			t.Errorf("node %d is at %s, outside %s", number, plan.Node(number), plan.NodeRange())
		}
		if !netip.MustParsePrefix(plan.Pods()).Overlaps(netip.MustParsePrefix(plan.NodePods(number))) {
			t.Errorf("the Pods of node %d are at %s, outside %s", number, plan.NodePods(number), plan.Pods())
		}
	}
}

func TestDeviceNamesFitTheKernel(t *testing.T) {
	plan := Plan{MostClusters - 1}
	for _, name := range []string{plan.Bridge(), plan.Port(MostNodes)} {
		if len(name) > 15 {
			t.Errorf("%s is longer than 15 octets", name)
		}
	}
}
