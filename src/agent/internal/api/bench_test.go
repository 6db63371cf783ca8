package api_test

import (
	"io"
	"strings"
	"testing"
)

// BenchmarkExec is one /bin/true after the other, from request to the end of the answer.
func BenchmarkExec(b *testing.B) {
	c := serve(b)
	for b.Loop() {
		c.trueOnce()
	}
}

// BenchmarkExecParallel is /bin/true 50 at a time over one connection.
func BenchmarkExecParallel(b *testing.B) {
	c := serve(b)
	b.SetParallelism(50)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.trueOnce()
		}
	})
}

// BenchmarkOutput is 64 MiB from a process to a client.
func BenchmarkOutput(b *testing.B) {
	c := serve(b)
	b.SetBytes(64 << 20)
	for b.Loop() {
		c.Text("POST", "/processes", `{"id":"o","command":["head","-c","67108864","/dev/zero"]}`)
		response := c.Send("GET", "/processes/o/stdout", "")
		n, _ := io.Copy(io.Discard, response.Body)
		if n != 64<<20 {
			b.Fatalf("%d bytes", n)
		}
	}
}

func (c *client) trueOnce() {
	if status, text := c.Text("POST", "/exec", `{"command":["/bin/true"]}`); status != 200 || !strings.Contains(text, `{"exit":{"code":0`) {
		c.T.Errorf("%d %s", status, text)
	}
}
