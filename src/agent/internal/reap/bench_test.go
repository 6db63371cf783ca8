package reap

import (
	"syscall"
	"testing"
)

// BenchmarkFork is the floor under every exec: fork, exec, exit, collect.
func BenchmarkFork(b *testing.B) {
	for b.Loop() {
		exits := make(chan Exit, 1)
		if _, err := Start("/bin/true", []string{"true"}, &syscall.ProcAttr{}, func(e Exit) { exits <- e }); err != nil {
			b.Fatal(err)
		}
		<-exits
	}
}
