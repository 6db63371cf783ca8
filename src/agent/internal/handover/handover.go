// Package handover brings the standard input and output of a process that a Kubernetes exec stream starts to the agent, by
// SCM_RIGHTS over a unix socket. The agent then reads from and writes to the exec stream itself: no third process copies,
// and what it has written before it ends reaches the client although the kernel then kills that process.
//
//	gateway ═══ API server ═══ kubelet ═══ pipes ═══════════════════► agent
//	                                         └─ process ── socket ───► (both descriptors, once, with a message)
package handover

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	// patience is how long Give waits for the socket to appear.
	patience = 5 * time.Second
	// handOverTime is how long who has connected may take to hand over.
	handOverTime = 5 * time.Second
)

// Listen makes a socket for the agent's own user alone, in place of one that a former agent left.
func Listen(path string) (*net.UnixListener, error) {
	mask := syscall.Umask(0o177)
	defer syscall.Umask(mask)
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("cannot replace the socket %s: %w", path, err)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("cannot make the socket %s: %w", path, err)
	}
	return listener, nil
}

// Give hands in and out over to who listens at path, with a message, and returns when they are done with them.
func Give(path string, message []byte, in, out *os.File) error {
	connection, err := dial(path)
	if err != nil {
		return err
	}
	defer connection.Close()
	rights := syscall.UnixRights(int(in.Fd()), int(out.Fd()))
	if _, _, err := connection.WriteMsgUnix(message, rights, nil); err != nil {
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

// Each calls take for every connection to the listener, in a goroutine of its own, until the listener is closed.
func Each(listener *net.UnixListener, take func(*net.UnixConn)) {
	for {
		control, err := listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// No descriptor left: there will be one when a connection ends.
			time.Sleep(10 * time.Millisecond)
			continue
		}
		go take(control)
	}
}

var errNoFiles = errors.New("no two descriptors were handed over")

// Take receives what Give has handed over within 5 s, and the message, as far as it fits. Give returns when control is
// closed; when the process ends before, control ends.
func Take(control *net.UnixConn, message []byte) (n int, in, out *os.File, err error) {
	_ = control.SetReadDeadline(time.Now().Add(handOverTime))
	oob := make([]byte, syscall.CmsgSpace(16*4))
	n, read, _, _, err := control.ReadMsgUnix(message, oob)
	if err != nil {
		return 0, nil, nil, err
	}
	messages, err := syscall.ParseSocketControlMessage(oob[:read])
	if err != nil {
		return 0, nil, nil, err
	}
	var fds []int
	for _, message := range messages {
		rights, _ := syscall.ParseUnixRights(&message)
		fds = append(fds, rights...)
	}
	if len(fds) != 2 {
		for _, fd := range fds {
			_ = syscall.Close(fd)
		}
		return 0, nil, nil, errNoFiles
	}
	for _, fd := range fds {
		_ = syscall.SetNonblock(fd, true)
	}
	_ = control.SetReadDeadline(time.Time{})
	return n, os.NewFile(uintptr(fds[0]), "exec stream"), os.NewFile(uintptr(fds[1]), "exec stream"), nil
}
