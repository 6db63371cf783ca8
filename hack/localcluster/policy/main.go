// Command sandkeep-netpol enforces NetworkPolicies on one node of the local test cluster, from inside the node's network
// namespace. It is test equipment: clusters in use bring an enforcer of their own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sandkeep.dev/localcluster/policy/internal/enforce"
)

type flags struct {
	kubeconfig string
	node       string
	ranges     []netip.Prefix
	healthFile string
	socket     string
}

func main() {
	options, err := parse(os.Args[1:])
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
		defer stop()
		err = run(ctx, options)
	}
	if err != nil {
		slog.Error("sandkeep-netpol stops", "error", err)
		os.Exit(1)
	}
}

func parse(arguments []string) (flags, error) {
	var parsed flags
	set := flag.NewFlagSet("sandkeep-netpol", flag.ContinueOnError)
	set.StringVar(&parsed.kubeconfig, "kubeconfig", "", "kubeconfig that may list and watch Pods, Namespaces and NetworkPolicies")
	set.StringVar(&parsed.node, "node", "", "name of the node to enforce on")
	ranges := set.String("pod-cidr", "", "the node's Pod ranges, separated by commas; they decide the address families")
	set.StringVar(&parsed.healthFile, "health-file", "", "file that holds `ok` from the first full sync on")
	set.StringVar(&parsed.socket, "socket", "", "unix socket for the network plugin; with it, addresses without a known Pod may not talk")
	if err := set.Parse(arguments); err != nil {
		return parsed, err
	}
	if parsed.kubeconfig == "" || parsed.node == "" || *ranges == "" {
		return parsed, errors.New("--kubeconfig, --node and --pod-cidr are needed")
	}
	for _, text := range strings.Split(*ranges, ",") {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return parsed, fmt.Errorf("cannot read --pod-cidr: %w", err)
		}
		parsed.ranges = append(parsed.ranges, prefix.Masked())
	}
	return parsed, nil
}

// run enforces until the context ends or one of its parts fails; its supervisor starts it again.
func run(ctx context.Context, options flags) error {
	if options.healthFile != "" {
		if err := os.Remove(options.healthFile); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	config, err := clientcmd.BuildConfigFromFlags("", options.kubeconfig)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", options.kubeconfig, err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	enforcer, err := enforce.New(enforce.NewCluster(client), enforce.Options{
		Node: options.node, Ranges: options.ranges, Strict: options.socket != "",
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parts := []func() error{func() error { return enforcer.Run(ctx, func() error { return announce(options.healthFile) }) }}
	if options.socket != "" {
		parts = append(parts, func() error { return enforcer.Serve(ctx, options.socket) })
	}
	ended := make(chan error, len(parts))
	for _, part := range parts {
		go func() { ended <- part() }()
	}
	first := <-ended
	cancel()
	for range len(parts) - 1 {
		first = errors.Join(first, <-ended)
	}
	return first
}

func announce(file string) error {
	slog.Info("first sync done")
	if file == "" {
		return nil
	}
	return os.WriteFile(file, []byte("ok\n"), 0o644)
}
