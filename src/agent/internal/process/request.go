package process

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"time"

	"sandkeep.dev/agent/internal/fault"
)

// Request says what to start.
type Request struct {
	// ID is the client's choice, so that a retry starts nothing twice; made up if empty.
	ID string `json:"id,omitempty"`
	// Command is the program and its arguments. No shell.
	Command []string `json:"command"`
	// Env is added to the container's environment.
	Env map[string]string `json:"env,omitempty"`
	// SecretEnv is added below Env. It is what the Secrets held at the time, and no part of what makes two requests the same:
	// a retry may come after they have changed.
	SecretEnv map[string]string `json:"secretEnv,omitempty"`
	// Secrets are the names of what SecretEnv was read from.
	Secrets []string `json:"secrets,omitempty"`
	// Workdir must exist; the container's if empty.
	Workdir string `json:"workdir,omitempty"`
	// TimeoutMilliseconds after which the group is killed; never if 0.
	TimeoutMilliseconds int64 `json:"timeoutMilliseconds,omitempty"`
	// TTY gives it a terminal of this size.
	TTY *Size `json:"tty,omitempty"`
	// identity is what says which sandbox this is, below SecretEnv.
	identity map[string]string
	// Stdin is all of its input, which is closed behind it; nil leaves it open for WriteStdin.
	Stdin []byte `json:"-"`
	// onInput is called whenever it is given input.
	onInput func()
}

// Size of a terminal, in characters.
type Size struct {
	Rows    uint16 `json:"rows"`
	Columns uint16 `json:"columns"`
}

// Entrypoint is the id of the process that the sandbox was created to run.
const Entrypoint = "entrypoint"

const maxTimeout = 30 * 24 * time.Hour

const (
	maxID         = 63
	alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// Check refuses what no process can be started with.
func (r *Request) check() error {
	invalid := func(format string, args ...any) error {
		return fault.New(fault.InvalidArgument, fault.Process, format, args...)
	}
	if len(r.Command) == 0 || r.Command[0] == "" {
		return invalid("Cannot start a process: command must name a program")
	}
	if r.ID != "" && !isID(r.ID) {
		return invalid("Cannot start process %.80q: an id has letters, digits, '.', '_' and '-', at most %d, and begins with a letter or digit", r.ID, maxID)
	}
	for i, word := range r.Command {
		if strings.IndexByte(word, 0) >= 0 {
			return invalid("Cannot start %.80q: command[%d] contains a NUL", r.Command[0], i)
		}
	}
	for _, variables := range []map[string]string{r.SecretEnv, r.Env} {
		for name, value := range variables {
			if name == "" || strings.ContainsAny(name, "=\x00") {
				return invalid("Cannot start %.80q: %.80q is no name of an environment variable", r.Command[0], name)
			}
			if strings.IndexByte(value, 0) >= 0 {
				return invalid("Cannot start %.80q: the value of the environment variable %.80q contains a NUL", r.Command[0], name)
			}
		}
	}
	if r.Workdir != "" && (r.Workdir[0] != '/' || strings.IndexByte(r.Workdir, 0) >= 0) {
		return invalid("Cannot start %.80q: workdir %.80q is no absolute path", r.Command[0], r.Workdir)
	}
	if r.TimeoutMilliseconds < 0 || r.timeout() > maxTimeout {
		return invalid("Cannot start %.80q: timeoutMilliseconds %d is not between 1 and %d", r.Command[0], r.TimeoutMilliseconds, maxTimeout.Milliseconds())
	}
	if r.TTY != nil {
		return r.TTY.check()
	}
	return nil
}

// isID needs no regular expression, which would take a twentieth of the agent's start to compile.
func isID(id string) bool {
	return len(id) <= maxID && strings.IndexByte(alphanumerics, id[0]) >= 0 && strings.Trim(id, alphanumerics+"._-") == ""
}

func (s Size) check() error {
	if s.Rows == 0 || s.Columns == 0 {
		return fault.New(fault.InvalidArgument, fault.Process, "Cannot make a terminal of %d rows and %d columns: both must be from 1 to 65535", s.Rows, s.Columns)
	}
	return nil
}

func (r *Request) timeout() time.Duration {
	return time.Duration(min(r.TimeoutMilliseconds, maxTimeout.Milliseconds()+1)) * time.Millisecond
}

// digest tells a retry from another request under the same id, without keeping environment or input.
func (r *Request) digest() [sha256.Size]byte {
	compared := *r
	compared.SecretEnv = nil
	text, _ := json.Marshal(compared)
	return sha256.Sum256(append(text, r.Stdin...))
}
