package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"

	"sandkeep.dev/localcluster/internal/cluster"
	"sandkeep.dev/localcluster/internal/layout"
)

const usage = `usage: hack/cluster COMMAND [--name NAME] [--driver local|kind]

  up [--nodes N] [--kubernetes-version 1.N] [--feature-gates A=false,…]
                      start the cluster and wait until it is ready; with --nodes 0 only etcd, API server and controllers
  down [--all]        end it and remove everything of it
  status              its components: pid, restarts, uptime, health
  kubeconfig          path of the administrator's kubeconfig
  env                 shell assignments: KUBECONFIG, and PATH with matching kubectl, helm, crane, ctr
  logs COMPONENT [-f] a component's log
  kill COMPONENT      end it hard; it is started again
  restart COMPONENT   end it gently and start it again
  stop COMPONENT      end it gently and keep it down until start
  start COMPONENT
  load [NAME=]ARCHIVE put an image, as docker save writes it, into the registry; prints the image's name
  exec -- COMMAND…    run a command inside the first node
  compact             compact etcd's history, so that old resource versions are gone
  build               only build what clusters run

The name is "sandkeep" unless given. Components: etcd, apiserver, controller-manager, scheduler, registry, dns, containerd, kubelet,
proxy, policy; on a second node containerd-2, kubelet-2, proxy-2, policy-2.`

// call is one parsed command line.
type call struct {
	command string
	operand []string
	options cluster.Options
	driver  string
	cache   string
	all     bool
	follow  bool
}

func parse(words []string) (call, error) {
	var parsed call
	set := flag.NewFlagSet("cluster", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&parsed.options.Name, "name", "sandkeep", "")
	set.IntVar(&parsed.options.Nodes, "nodes", 1, "")
	set.StringVar(&parsed.options.FeatureGates, "feature-gates", "", "")
	set.StringVar(&parsed.options.Emulated, "kubernetes-version", "", "")
	set.StringVar(&parsed.driver, "driver", "local", "")
	set.BoolVar(&parsed.all, "all", false, "")
	set.BoolVar(&parsed.follow, "f", false, "")
	// Options may stand before, between and behind operands; what follows `--` is all operands.
	own, rest := words, []string(nil)
	if at := slices.Index(words, "--"); at >= 0 {
		own, rest = words[:at], words[at+1:]
	}
	var operands []string
	for len(own) > 0 {
		if err := set.Parse(own); err != nil {
			return parsed, wrong(err.Error())
		}
		if own = set.Args(); len(own) > 0 {
			operands, own = append(operands, own[0]), own[1:]
		}
	}
	if len(operands) == 0 {
		return parsed, errors.New(usage)
	}
	parsed.command, parsed.operand = operands[0], append(operands[1:], rest...)
	if _, known := commands[parsed.command]; !known {
		return parsed, wrong(fmt.Sprintf("unknown command %q", parsed.command))
	}
	cache, err := layout.Cache()
	parsed.cache = cache
	return parsed, err
}

func (c call) one(what string) (string, error) {
	if len(c.operand) != 1 {
		return "", wrong(fmt.Sprintf("%s wants one %s", c.command, what))
	}
	return c.operand[0], nil
}

func wrong(message string) error { return fmt.Errorf("%s\n\n%s", message, usage) }
