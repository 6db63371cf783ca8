package process

import (
	"slices"
	"time"
)

// exitedNow makes a record of a process. The entrypoint's stays for as long as the agent.
func (t *Table) exitedNow(p *Process) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	if p.id == Entrypoint {
		return
	}
	t.exited = append(t.exited, p)
	t.memory, t.disk = t.memory+p.memory, t.disk+p.disk
	t.sweep()
}

// sweep forgets what is too old or too much.
func (t *Table) sweep() {
	for len(t.exited) > 0 && t.isTooMuch() {
		oldest := slices.IndexFunc(t.exited, isCollected)
		t.forget(max(oldest, 0))
	}
	for len(t.exited) > 0 && time.Since(t.exited[0].exitedAt) > t.limits.age {
		t.forget(0)
	}
}

func isCollected(p *Process) bool {
	select {
	case <-p.learnt:
		return true
	default:
		return false
	}
}

func (t *Table) isTooMuch() bool {
	return len(t.exited) > t.limits.records || t.memory > t.limits.memory || t.disk > t.limits.disk
}

func (t *Table) forget(i int) {
	p := t.exited[i]
	t.exited = slices.Delete(t.exited, i, i+1)
	t.memory, t.disk = t.memory-p.memory, t.disk-p.disk
	delete(t.processes, p.id)
	p.Stdout.Discard()
	p.Stderr.Discard()
}
