// Command cluster runs real Kubernetes clusters on one Linux machine, without a container engine. hack/cluster builds and calls it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"sandkeep.dev/localcluster/internal/supervisor"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "supervise" {
		fail(supervisor.Run(os.Args[2]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	fail(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, words []string) error {
	call, err := parse(words)
	if err != nil {
		return err
	}
	switch call.driver {
	case "local":
		return commands[call.command](ctx, call)
	case "kind":
		return kind(ctx, call)
	}
	return wrong(fmt.Sprintf("unknown driver %q", call.driver))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "cluster: %v\n", err)
		os.Exit(1)
	}
}
