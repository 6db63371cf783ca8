// Package sandbox is the life of a sandbox as process 1 of its container sees it: start the entrypoint, serve the API, end.
//
//	init ─► entrypoint started ─► serving ─┬─ entrypoint exits ──► its code, Completed or Error
//	  │                                    ├─ timeoutSeconds ────► 124, Timeout
//	  │                                    ├─ idleTimeoutSeconds ► 124, IdleTimeout
//	  └─ cannot start ─► 126/127,          └─ SIGTERM ───────────► 137; with a grace period the entrypoint's own code,
//	     StartError                                                if everything ended within
//
// Without a command the sandbox stays up until one of the last three. The reason and a message for people go to
// /dev/termination-log, as JSON; a signal from outside leaves it empty, since its sender knows why. A crash of the agent
// leaves its trace there and exit code 2.
//
// Once it ends, nothing is started any more: what comes before the decision is, and what comes later is refused. The agent
// kills what runs. When the entrypoint has exited or a limit was reached, it then lingers for clients to learn what became of the
// entrypoint (see linger), lets requests that are under way be answered (at most 1.1 s), and exits. What is left in the container is
// ended by the kernel then.
//
// Signals that stop containers (SIGTERM, SIGINT, SIGQUIT, and SIGUSR1, SIGWINCH, SIGPWR, SIGRTMIN+3, which images name as
// their stop signal) all count as SIGTERM; other signals are ignored. Processes in the sandbox can send them too.
package sandbox

import (
	"context"
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"sandkeep.dev/agent/internal/activity"
	"sandkeep.dev/agent/internal/api"
	"sandkeep.dev/agent/internal/bulk"
	"sandkeep.dev/agent/internal/enforcement"
	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/limits"
	"sandkeep.dev/agent/internal/link"
	"sandkeep.dev/agent/internal/process"
	"sandkeep.dev/agent/internal/readiness"
	"sandkeep.dev/agent/internal/reap"
)

// Options are what the agent is started with.
type Options struct {
	Version string
	// Run is the directory of the socket and the spools.
	Run string
	// TerminationLog is where Kubernetes reads how the container ended.
	TerminationLog string
	Config         string
	Command        []string
}

// lastMoment is how long killed processes may take to end before their readers are left, and starts that are under way
// before they count as killed.
const lastMoment = 250 * time.Millisecond

type sandbox struct {
	config     Config
	startedAt  time.Time
	use        *activity.Use
	limits     *limits.Keeper
	processes  *process.Table
	entrypoint *process.Process
	server     *api.Server
}

// Run returns when the sandbox is over, with the exit code of the container.
func Run(options Options) (code int) {
	signals := catchSignals()
	crashTo(options.TerminationLog)
	// Processes inherit no descriptor but the three that they are given.
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	// An agent waits for others nearly all of the time. Threads that hand its work to each other cost it more than they save,
	// and split what would have been one message to the gateway.
	runtime.GOMAXPROCS(1)
	reap.Orphans()
	ending := run(options, signals)
	if ending.Reason == "StartError" {
		_, _ = os.Stderr.WriteString("sandkeep agent: " + ending.Message + "\n")
	}
	return ending.Code
}

func run(options Options, signals signals) Ending {
	s := &sandbox{startedAt: time.Now(), use: activity.New()}
	end := func(ending Ending) Ending {
		ending.announce(options.TerminationLog)
		return ending
	}
	var err error
	if s.config, err = ParseConfig(options.Config); err != nil {
		return end(startError(err))
	}
	if len(s.config.DeniedAddresses) > 0 {
		if ending := s.awaitPolicy(signals); ending != nil {
			return end(*ending)
		}
	}
	listeners, err := link.Listen(options.Run)
	if err != nil {
		return end(startError(err))
	}
	tickets := bulk.NewTickets()
	bodies, err := tickets.Listen(options.Run)
	if err != nil {
		return end(startError(err))
	}
	defer bodies.Close()
	s.processes = process.NewTable(filepath.Join(options.Run, "spool"), s.use)
	s.processes.Identify(s.config.Identity)
	if len(options.Command) > 0 {
		if s.entrypoint, err = s.processes.StartEntrypoint(options.Command, s.terminal()); err != nil {
			return end(startError(err))
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.limits = limits.Keep(ctx, s.startedAt, s.config.limits(), s.use, s.config.TunnelPorts)
	failed := s.serve(ctx, listeners, api.API{
		Version: options.Version, StartedAt: s.startedAt, Processes: s.processes, Use: s.use, Limits: s.limits,
		Readiness: readiness.Start(ctx, s.config.Readiness), Bulk: tickets, Volumes: s.config.Volumes,
	})
	ending := end(s.wait(signals, failed))
	s.use.Close(ending.why())
	if ending.Reason == timeoutReason && s.entrypoint != nil {
		s.entrypoint.Expire()
	}
	s.killAll()
	if ending.Reason != "" {
		s.linger(signals)
	}
	cancel()
	s.server.Finish()
	return ending
}

// awaitPolicy returns nil once the network policy holds, and otherwise how the sandbox ends.
func (s *sandbox) awaitPolicy(signals signals) *Ending {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	enforced := make(chan error, 1)
	go func() { enforced <- enforcement.Await(ctx, s.config.DeniedAddresses) }()
	var ending Ending
	select {
	case err := <-enforced:
		if err == nil {
			return nil
		}
		ending = startError(err)
	case <-signals:
		ending = terminated()
	}
	return &ending
}

func (s *sandbox) terminal() *process.Size {
	if !s.config.TTY {
		return nil
	}
	return &process.Size{Rows: 24, Columns: 80}
}

func (s *sandbox) serve(ctx context.Context, listeners []net.Listener, a api.API) (failed <-chan error) {
	s.server = a.Server(ctx)
	failures := make(chan error, len(listeners))
	for _, listener := range listeners {
		go func() { failures <- s.server.Serve(listener) }()
	}
	return failures
}

// wait returns how the sandbox ends, when it does.
func (s *sandbox) wait(signals signals, failed <-chan error) Ending {
	select {
	case <-s.over():
		return s.ending()
	case limit := <-s.limits.Expired():
		return expired(limit)
	case <-signals:
		return s.terminate(signals)
	case err := <-failed:
		return startError(fault.New(fault.Internal, fault.Sandbox, "The agent cannot serve its API any more: %v", err))
	}
}

// over is closed when the entrypoint has exited; nil, which is never, without one.
func (s *sandbox) over() <-chan struct{} {
	if s.entrypoint == nil {
		return nil
	}
	return s.entrypoint.Done()
}

func (s *sandbox) ending() Ending {
	exit, _ := s.entrypoint.Exited()
	return endingOf(exit)
}

// terminate passes SIGTERM on and waits, as far as there is a grace period.
func (s *sandbox) terminate(signals signals) Ending {
	s.use.Close(terminated().why())
	grace := seconds(s.config.TerminationGracePeriodSeconds)
	if grace == 0 {
		return terminated()
	}
	s.processes.Settle(lastMoment)
	ended := make(chan struct{})
	all := s.running()
	for _, p := range all {
		_ = p.Signal("SIGTERM")
	}
	go func() {
		for _, p := range all {
			<-p.Done()
		}
		close(ended)
	}()
	select {
	case <-ended:
		if s.entrypoint != nil {
			return s.ending()
		}
	case limit := <-s.limits.Expired():
		return expired(limit)
	case <-time.After(grace):
	case <-signals:
	}
	return terminated()
}

func (s *sandbox) running() (all []*process.Process) {
	for _, p := range s.processes.List() {
		if _, exited := p.Exited(); !exited {
			all = append(all, p)
		}
	}
	return all
}

// killAll ends the processes that the agent knows, and waits a moment until their readers can learn it.
func (s *sandbox) killAll() {
	s.processes.Settle(lastMoment)
	all := s.running()
	for _, p := range all {
		p.Kill()
	}
	moment := time.After(lastMoment)
	for _, p := range all {
		select {
		case <-p.Done():
		case <-moment:
			return
		}
	}
}

// crashTo has the Go runtime leave the trace of a crash in the termination message as well.
func crashTo(path string) {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	_ = debug.SetCrashOutput(file, debug.CrashOptions{})
	_ = file.Close()
}
