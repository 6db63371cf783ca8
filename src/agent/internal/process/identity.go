package process

import (
	"os"
	"strings"
)

// Identity is a token that says which sandbox this is. It is renewed in its file, so that each process is given the one
// that is there when it starts.
type Identity struct {
	// Variable of the processes that holds the token.
	Variable string `json:"variable"`
	// File has the token.
	File string `json:"file"`
}

// environ is the variable as it is now; empty without a token.
func (i *Identity) environ() map[string]string {
	if i == nil {
		return nil
	}
	token, err := os.ReadFile(i.File)
	if err != nil {
		return nil
	}
	return map[string]string{i.Variable: strings.TrimSpace(string(token))}
}

// Identify gives the processes that start from now on that token in a variable; none if it is nil.
func (t *Table) Identify(identity *Identity) { t.identity = identity }
