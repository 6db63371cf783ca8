package files_test

import (
	"io"
	"strings"
	"testing"
)

func BenchmarkRead4K(b *testing.B)   { benchmarkRead(b, 4<<10) }
func BenchmarkRead64M(b *testing.B)  { benchmarkRead(b, 64<<20) }
func BenchmarkWrite4K(b *testing.B)  { benchmarkWrite(b, 4<<10) }
func BenchmarkWrite64M(b *testing.B) { benchmarkWrite(b, 64<<20) }

func benchmarkRead(b *testing.B, size int) {
	c, d := serve(b), b.TempDir()
	write(b, d+"/file", strings.Repeat("x", size))
	b.SetBytes(int64(size))
	for b.Loop() {
		response := c.Send("GET", "/files?"+at(d, "file"), "")
		n, err := io.Copy(io.Discard, response.Body)
		if response.Body.Close(); err != nil || n != int64(size) {
			b.Fatalf("%d octets, %v", n, err)
		}
	}
}

func benchmarkWrite(b *testing.B, size int) {
	c, d := serve(b), b.TempDir()
	body := strings.Repeat("x", size)
	b.SetBytes(int64(size))
	for b.Loop() {
		if status, text := c.Text("PUT", "/files?"+at(d, "file"), body); status != 204 {
			b.Fatalf("%d %s", status, text)
		}
	}
}
