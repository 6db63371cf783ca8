package link

import (
	"bufio"
	"errors"
	"net"
	"os"
	"time"
)

// connection is a pair of descriptors as a net.Conn. HTTP/2 reads and writes in small pieces: it buffers both.
type connection struct {
	in      *os.File
	read    *bufio.Reader
	out     *gathering
	control net.Conn
}

func newConnection(in, out *os.File, control net.Conn) *connection {
	return &connection{in: in, read: bufio.NewReader(in), out: newGathering(out), control: control}
}

func (c *connection) Read(p []byte) (int, error)  { return c.read.Read(p) }
func (c *connection) Write(p []byte) (int, error) { return c.out.Write(p) }

// Close lets go of the descriptors before Connect may end.
func (c *connection) Close() error {
	return errors.Join(c.in.Close(), c.out.Close(), c.control.Close())
}

func (c *connection) LocalAddr() net.Addr                { return c.control.LocalAddr() }
func (c *connection) RemoteAddr() net.Addr               { return c.control.RemoteAddr() }
func (c *connection) SetReadDeadline(t time.Time) error  { return c.in.SetReadDeadline(t) }
func (c *connection) SetWriteDeadline(t time.Time) error { return c.out.file.SetWriteDeadline(t) }
func (c *connection) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}
