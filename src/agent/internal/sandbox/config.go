package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"sandkeep.dev/agent/internal/limits"
	"sandkeep.dev/agent/internal/process"
	"sandkeep.dev/agent/internal/readiness"
)

// Config is what the operator decides about a sandbox.
type Config struct {
	// TimeoutSeconds from the start of the agent, after which the sandbox ends; 0 for never.
	TimeoutSeconds int64 `json:"timeoutSeconds"`
	// IdleTimeoutSeconds without use, after which the sandbox ends; 0 for never. Both can change while it runs.
	IdleTimeoutSeconds int64 `json:"idleTimeoutSeconds"`
	// TunnelPorts are those at which a connection counts as use.
	TunnelPorts []uint16 `json:"tunnelPorts"`
	// TerminationGracePeriodSeconds that processes have to end by themselves after SIGTERM; 0 to kill them at once.
	TerminationGracePeriodSeconds int64 `json:"terminationGracePeriodSeconds"`
	// TTY gives the entrypoint a terminal.
	TTY bool `json:"tty"`
	// LingerSeconds that the agent stays for output of the entrypoint that no client has read.
	LingerSeconds float64 `json:"lingerSeconds"`
	// Readiness is the probe to try, nil for none.
	Readiness *readiness.Probe `json:"readiness"`
	// Identity is the token that processes are given, nil for none.
	Identity *process.Identity `json:"identity"`
	// Volumes are the paths of those that reloading writes out.
	Volumes []string `json:"volumes"`
	// DeniedAddresses are those that the sandbox's network policy denies: nothing starts while one can be reached. Empty to start at
	// once.
	DeniedAddresses []string `json:"deniedAddresses"`
}

const maxLinger = 60

// ParseConfig reads the JSON of --config; empty text is an empty config. Unknown fields are refused.
func ParseConfig(text string) (Config, error) {
	var config Config
	if text == "" {
		return config, nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return config, fmt.Errorf("cannot read --config: %w", err)
	}
	if err := config.validate(); err != nil {
		return config, fmt.Errorf("cannot use --config: %w", err)
	}
	return config, nil
}

func (c *Config) validate() error {
	if err := c.limits().Validate(); err != nil {
		return err
	}
	switch {
	case c.TerminationGracePeriodSeconds < 0:
		return errors.New("terminationGracePeriodSeconds must not be negative")
	case c.LingerSeconds < 0 || c.LingerSeconds > maxLinger:
		return fmt.Errorf("lingerSeconds must be from 0 to %d", maxLinger)
	case c.Readiness != nil:
		return c.Readiness.Validate()
	}
	return nil
}

func (c *Config) limits() limits.Limits {
	return limits.Limits{TimeoutSeconds: c.TimeoutSeconds, IdleTimeoutSeconds: c.IdleTimeoutSeconds}
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
