package process

import (
	"context"
	"syscall"

	"sandkeep.dev/agent/internal/reap"
)

// Run runs a command without record, input or output, and gives its exit code, 128+n for signals. When ctx ends before,
// the command's group is killed. Errors are those of Table.Start for what cannot be started, or the context's.
func Run(ctx context.Context, command []string) (code int, err error) {
	r := Request{Command: command}
	if err := r.check(); err != nil {
		return 0, err
	}
	variables := environment(&r)
	program, err := findProgram(command[0], "", variables)
	if err != nil {
		return 0, err
	}
	null := devNull()
	exits := make(chan reap.Exit, 1)
	pid, err := forkExec(&r, program, variables, &ends{stdin: null, stdout: null, stderr: null}, func(exit reap.Exit) { exits <- exit })
	if err != nil {
		return 0, startFault(&r, program, err)
	}
	select {
	case exit := <-exits:
		return exit.Code, nil
	case <-ctx.Done():
		_, _ = reap.SignalGroup(pid, syscall.SIGKILL)
		<-exits
		return 0, ctx.Err()
	}
}
