package link

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"
)

// patience is how long Connect waits for the socket to appear.
const patience = 5 * time.Second

// Connect joins in and out to the agent's socket, byte for byte, until either side ends.
func Connect(run string, in io.Reader, out io.Writer) error {
	connection, err := dial(filepath.Join(run, socketName))
	if err != nil {
		return err
	}
	defer connection.Close()
	over := make(chan error, 2)
	go func() {
		_, err := io.Copy(connection, in)
		over <- err
	}()
	go func() {
		_, err := io.Copy(out, connection)
		over <- err
	}()
	return <-over
}

func dial(path string) (net.Conn, error) {
	deadline := time.Now().Add(patience)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		connection, err := net.Dial("unix", path)
		if err == nil {
			return connection, nil
		}
		if errors.Is(err, os.ErrPermission) || time.Now().After(deadline) {
			return nil, fmt.Errorf("cannot connect to the agent at %s: %w", path, err)
		}
		time.Sleep(pause)
	}
}
