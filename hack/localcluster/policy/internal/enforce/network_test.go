package enforce

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The process is known by its first thread's namespace. A thread that a test moves to another never moves back, so the first
// one must not be among them.
func init() { runtime.LockOSThread() }

// TestMain runs this package's tests in a network namespace of their own, which ends with the process: the host's rules
// and devices are neither seen nor touched.
func TestMain(m *testing.M) {
	const inside = "SANDKEEP_NETPOL_TEST"
	if os.Getenv(inside) != "" {
		os.Exit(m.Run())
	}
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Env = append(os.Environ(), inside+"=1")
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		again.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		again.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		again.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	if err := again.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "tests in a network namespace:", err)
		os.Exit(1)
	}
}

// place is somewhere to open sockets from: the node, or a Pod joined to it as the CNI plugin `ptp` does.
type place struct {
	t         *testing.T
	namespace *os.File
	address   netip.Addr
}

const gateway = "10.100.1.1"

func node(t *testing.T) *place {
	t.Helper()
	namespace, err := os.Open("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = namespace.Close() })
	here := &place{t, namespace, netip.MustParseAddr(gateway)}
	here.command("ip link set lo up")
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		t.Fatal(err)
	}
	return here
}

// newPlace makes a Pod's network. It lasts as long as its namespace is open, that is until the test ends.
func newPlace(t *testing.T, address string) *place {
	t.Helper()
	made := make(chan *os.File, 1)
	go func() {
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			made <- nil
			return
		}
		namespace, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
		if err != nil {
			namespace = nil
		}
		made <- namespace
	}()
	namespace := <-made
	if namespace == nil {
		t.Fatal("cannot make a network namespace")
	}
	t.Cleanup(func() { _ = namespace.Close() })
	pod := &place{t, namespace, netip.MustParseAddr(address)}
	device := "pod" + address[strings.LastIndex(address, ".")+1:]
	pod.command(fmt.Sprintf("ip link add eth0 type veth peer name %s netns %d", device, os.Getpid()))
	here := node(t)
	here.command(fmt.Sprintf("ip link set %s up && ip addr add %s/32 dev %s", device, gateway, device))
	here.command(fmt.Sprintf("ip route add %s dev %s", address, device))
	pod.command(fmt.Sprintf("ip link set lo up && ip link set eth0 up && ip addr add %s/32 dev eth0", address))
	pod.command(fmt.Sprintf("ip route add %s dev eth0 && ip route add default via %s", gateway, gateway))
	t.Cleanup(func() { node(t).command("ip link del " + device) })
	return pod
}

// do runs a function on a thread inside the place; sockets and processes it opens stay there.
func (p *place) do(action func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setns(int(p.namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			result <- err
			return
		}
		result <- action()
	}()
	return <-result
}

func (p *place) command(text string) {
	p.t.Helper()
	err := p.do(func() error {
		if output, err := exec.Command("sh", "-c", text).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", text, err, output)
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// dial opens a connection, or fails after a time that no local handshake needs.
func (p *place) dial(network, address string) (connection net.Conn, err error) {
	err = p.do(func() error {
		connection, err = (&net.Dialer{Timeout: silence}).Dial(network, address)
		return err
	})
	return connection, err
}

// silence is how long nothing may come before a connection counts as cut.
const silence = 500 * time.Millisecond

// serve accepts TCP connections at a port, and sends bytes on each until it breaks.
func (p *place) serve(port int) string {
	p.t.Helper()
	var listener net.Listener
	err := p.do(func() (err error) {
		listener, err = net.Listen("tcp4", fmt.Sprintf(":%d", port))
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			p.t.Cleanup(func() { _ = connection.Close() })
			go stream(func() error { _, err := connection.Write([]byte(".")); return err })
		}
	}()
	return fmt.Sprintf("%s:%d", p.address, port)
}

// serveUDP streams datagrams to whoever sent one.
func (p *place) serveUDP(port int) string {
	p.t.Helper()
	var socket net.PacketConn
	err := p.do(func() (err error) {
		socket, err = net.ListenPacket("udp4", fmt.Sprintf(":%d", port))
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = socket.Close() })
	go func() {
		if _, client, err := socket.ReadFrom(make([]byte, 16)); err == nil {
			stream(func() error { _, err := socket.WriteTo([]byte("."), client); return err })
		}
	}()
	return fmt.Sprintf("%s:%d", p.address, port)
}

func stream(send func() error) {
	for send() == nil {
		time.Sleep(5 * time.Millisecond)
	}
}

// flows says whether bytes still come.
func flows(connection net.Conn) bool {
	if err := connection.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return false
	}
	_, err := connection.Read(make([]byte, 1))
	return err == nil
}

func (p *place) reaches(address string) bool {
	connection, err := p.dial("tcp4", address)
	if err != nil {
		return false
	}
	defer connection.Close()
	return flows(connection)
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); {
		if time.Now().After(deadline) {
			t.Fatal("still waiting for: " + what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
