package process

import (
	"maps"
	"os"
	"strings"
	"sync"
)

// The container's environment, which every process inherits.
var inherited = sync.OnceValue(os.Environ)

// environment is the container's, then the terminal's, the identity's, that of Secrets, then the request's; later ones win.
func environment(r *Request) []string {
	if len(r.Env) == 0 && len(r.SecretEnv) == 0 && len(r.identity) == 0 && r.TTY == nil {
		return inherited()
	}
	own := make(map[string]string, len(r.Env)+len(r.SecretEnv)+2)
	if r.TTY != nil {
		own["TERM"], own["COLORTERM"] = "xterm-256color", "truecolor"
	}
	maps.Copy(own, r.identity)
	maps.Copy(own, r.SecretEnv)
	maps.Copy(own, r.Env)
	all := make([]string, 0, len(inherited())+len(own))
	for _, entry := range inherited() {
		name, _, _ := strings.Cut(entry, "=")
		if _, replaced := own[name]; !replaced {
			all = append(all, entry)
		}
	}
	for name, value := range own {
		all = append(all, name+"="+value)
	}
	return all
}

// lookup finds a variable; the last one counts, as for programs.
func lookup(environment []string, name string) string {
	for i := len(environment) - 1; i >= 0; i-- {
		if value, found := strings.CutPrefix(environment[i], name+"="); found {
			return value
		}
	}
	return ""
}
