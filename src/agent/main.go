// Agent is what Sandkeep runs inside every sandbox: one static binary that needs nothing from the image.
//
//	agent init [--config JSON] [--] [COMMAND…]  process 1: serves the API, runs the command, ends the container
//	agent connect                               joins standard input and output to the API's socket, byte for byte
//	agent read|write TICKET                     gives them to the agent for one large body: see package bulk
//	agent install DIRECTORY                     copies itself to DIRECTORY/agent
//	agent version
//
// All but the last two take --run DIRECTORY (default /.sandkeep/run), init also --termination-log FILE (default
// /dev/termination-log). It exits with 2 for wrong usage, 1 if the others fail; for init see package sandbox.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"sandkeep.dev/agent/internal/bulk"
	"sandkeep.dev/agent/internal/install"
	"sandkeep.dev/agent/internal/link"
	"sandkeep.dev/agent/internal/sandbox"
)

const version = "0.1.0"

const usage = `usage: agent init [--run DIRECTORY] [--termination-log FILE] [--config JSON] [--] [COMMAND...]
       agent connect [--run DIRECTORY]
       agent read|write [--run DIRECTORY] TICKET
       agent install DIRECTORY
       agent version`

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) (code int) {
	if len(args) == 0 {
		return fail(2, errors.New(usage))
	}
	command, args := args[0], args[1:]
	flags := flag.NewFlagSet("agent "+command, flag.ContinueOnError)
	directory := flags.String("run", "/.sandkeep/run", "`directory` of the socket and of what processes write")
	switch command {
	case "init":
		options := sandbox.Options{Version: version}
		flags.StringVar(&options.Config, "config", "", "the operator's decisions, as `JSON`")
		flags.StringVar(&options.TerminationLog, "termination-log", "/dev/termination-log", "`file` in which Kubernetes looks for the reason of the end")
		if flags.Parse(args) != nil {
			return 2
		}
		options.Run, options.Command = *directory, flags.Args()
		return sandbox.Run(options)
	case "connect":
		if flags.Parse(args) != nil {
			return 2
		}
		return fail(1, link.Connect(*directory, os.Stdin, os.Stdout))
	case "read", "write":
		if flags.Parse(args) != nil {
			return 2
		} else if flags.NArg() != 1 {
			return fail(2, errors.New(usage))
		}
		return fail(1, bulk.Open(*directory, bulk.Direction(command[0]), flags.Arg(0), os.Stdin, os.Stdout))
	case "install":
		if len(args) != 1 {
			return fail(2, errors.New(usage))
		}
		return fail(1, install.To(args[0]))
	case "version":
		fmt.Println(version)
		return 0
	}
	return fail(2, errors.New(usage))
}

func fail(code int, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return code
}
