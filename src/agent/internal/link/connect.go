package link

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// patience is how long Connect waits for the socket to appear.
const patience = 5 * time.Second

// Connect joins in and out to the agent's API, byte for byte, until either side ends.
func Connect(run string, in, out *os.File) error {
	connection, err := dial(filepath.Join(run, linkSocket))
	if err != nil {
		return err
	}
	defer connection.Close()
	rights := syscall.UnixRights(int(in.Fd()), int(out.Fd()))
	if _, _, err := connection.WriteMsgUnix([]byte{handOver}, rights, nil); err != nil {
		return fmt.Errorf("cannot hand over to the agent: %w", err)
	}
	// Without these the agent alone decides when the stream ends.
	_, _ = in.Close(), out.Close()
	_, _ = io.Copy(io.Discard, connection)
	return nil
}

func dial(path string) (*net.UnixConn, error) {
	deadline := time.Now().Add(patience)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		connection, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
		if err == nil {
			return connection, nil
		}
		if errors.Is(err, os.ErrPermission) || time.Now().After(deadline) {
			return nil, fmt.Errorf("cannot connect to the agent at %s: %w", path, err)
		}
		time.Sleep(pause)
	}
}
