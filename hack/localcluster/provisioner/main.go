// Command sandkeep-provisioner makes persistent volumes of the local test cluster: folders on this machine, which all nodes see. It is
// test equipment: clusters in use bring storage of their own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// name is what StorageClasses call this provisioner.
const name = "sandkeep.dev/local-folder"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		slog.Error("sandkeep-provisioner stops", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	set := flag.NewFlagSet("sandkeep-provisioner", flag.ContinueOnError)
	kubeconfig := set.String("kubeconfig", "", "kubeconfig that may manage PersistentVolumes")
	base := set.String("folder", "", "where the volumes' folders are made")
	if err := set.Parse(arguments); err != nil {
		return err
	}
	if *kubeconfig == "" || !filepath.IsAbs(*base) {
		return errors.New("--kubeconfig and --folder, an absolute path, are needed")
	}
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", *kubeconfig, err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	controller.NewProvisionController(ctx, client, name, folders{*base}, controller.LeaderElection(false)).Run(ctx)
	return nil
}
