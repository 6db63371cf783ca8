package process

import (
	"fmt"
	"testing"
)

func TestOfTooManyWritersTheQuietestIsForgotten(t *testing.T) {
	var w writers
	for i := range maxWriters {
		w.add(fmt.Sprint(i), 1)
	}
	w.add("0", 1)
	w.add("one more", 5)
	for id, want := range map[string]int64{"0": 2, "1": 0, "2": 1, "one more": 5} {
		if got := w.sent(id); got != want {
			t.Errorf("sent by %s: %d, want %d", id, got, want)
		}
	}
	if len(w.all) != maxWriters {
		t.Errorf("%d writers are known", len(w.all))
	}
}
