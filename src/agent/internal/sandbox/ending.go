package sandbox

import (
	"encoding/json"
	"fmt"
	"os"

	"sandkeep.dev/agent/internal/fault"
	"sandkeep.dev/agent/internal/limits"
	"sandkeep.dev/agent/internal/process"
)

// Ending is how a sandbox ends: the exit code of its container, and what the operator reads.
type Ending struct {
	Code int
	// Reason is Completed, Error, Timeout, IdleTimeout or StartError; empty where the operator knows better than the agent.
	Reason  string
	Message string
}

const (
	timeoutReason     = "Timeout"
	idleTimeoutReason = "IdleTimeout"
)

const (
	timeoutCode       = 124
	notExecutableCode = 126
	notFoundCode      = 127
	terminatedCode    = 137
)

func endingOf(exit process.Exit) Ending {
	switch {
	case exit.Code == 0:
		return Ending{Reason: "Completed"}
	case exit.Signal != nil:
		return Ending{exit.Code, "Error", fmt.Sprintf("the command was ended by %s", *exit.Signal)}
	}
	return Ending{exit.Code, "Error", fmt.Sprintf("the command exited with code %d", exit.Code)}
}

func expired(limit limits.Expiry) Ending {
	if limit.Idle {
		return Ending{timeoutCode, idleTimeoutReason, limit.String()}
	}
	return Ending{timeoutCode, timeoutReason, limit.String()}
}

// terminated has no reason: whoever sent the signal knows why.
func terminated() Ending { return Ending{Code: terminatedCode} }

// startError has the exit codes of shells: 127 for what does not exist, 126 for what cannot be executed.
func startError(err error) Ending {
	code := notExecutableCode
	if fault.Of(err).Code == fault.NotFound {
		code = notFoundCode
	}
	return Ending{code, "StartError", err.Error()}
}

// why is what clients read who come too late.
func (e Ending) why() string {
	switch {
	case e.Message != "":
		return e.Message
	case e.Reason == "":
		return "it is being terminated"
	}
	return "its command has ended"
}

// maxMessage keeps the termination message below the 4,096 octets that Kubernetes shows, even if all is escaped.
const maxMessage = 600

// announce writes the termination message. A container without that file has nobody to tell.
func (e Ending) announce(path string) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return
	}
	defer file.Close()
	if e.Reason == "" {
		return
	}
	text, _ := json.Marshal(map[string]string{"reason": e.Reason, "message": shortened(e.Message)})
	_, _ = file.Write(text)
}

func shortened(message string) string {
	if runes := []rune(message); len(runes) > maxMessage {
		return string(runes[:maxMessage-1]) + "…"
	}
	return message
}
