package link

import (
	"os"
	"path/filepath"

	"sandkeep.dev/agent/internal/handover"
)

// Connect joins in and out to the agent's API, byte for byte, until either side ends.
func Connect(run string, in, out *os.File) error {
	return handover.Give(filepath.Join(run, linkSocket), []byte{greeting}, in, out)
}
