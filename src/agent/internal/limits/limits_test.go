package limits

import (
	"testing"
	"testing/synctest"
	"time"

	"sandkeep.dev/agent/internal/activity"
)

// begun is a sandbox that has just started, in a bubble of fake time.
type begun struct {
	*Keeper
	use *activity.Use
	at  time.Time
}

func begin(t *testing.T, limits Limits) *begun {
	use := activity.New()
	return &begun{Keep(t.Context(), time.Now(), limits, use, nil), use, time.Now()}
}

// ends wants an expiry so many seconds after the beginning.
func (b *begun) ends(t *testing.T, want Expiry, after time.Duration) {
	t.Helper()
	if got, spent := <-b.Expired(), time.Since(b.at); got != want || spent != after {
		t.Errorf("ended with %v after %v, want %v after %v", got, spent, want, after)
	}
}

func TestEnds(t *testing.T) {
	timeout := func(seconds int64) Expiry { return Expiry{Seconds: seconds} }
	idle := func(seconds int64) Expiry { return Expiry{Idle: true, Seconds: seconds} }
	for name, test := range map[string]struct {
		limits Limits
		life   func(*begun)
		want   Expiry
		after  time.Duration
	}{
		"at its timeout":                                 {Limits{TimeoutSeconds: 300}, func(*begun) {}, timeout(300), 300 * time.Second},
		"when nothing has used it":                       {Limits{0, 300, 60}, func(*begun) {}, idle(60), 60 * time.Second},
		"at its timeout while it is used":                {Limits{0, 300, 60}, func(b *begun) { b.use.Begin() }, timeout(300), 300 * time.Second},
		"after the end of what used it":                  {Limits{0, 300, 60}, func(b *begun) { b.uses(100 * time.Second) }, idle(60), 160 * time.Second},
		"after its last input":                           {Limits{0, 300, 60}, func(b *begun) { time.Sleep(59 * time.Second); b.use.Note() }, idle(60), 119 * time.Second},
		"at a timeout that was raised":                   {Limits{0, 10, 0}, func(b *begun) { b.sets(9*time.Second, Limits{2, 20, 0}) }, timeout(20), 20 * time.Second},
		"at the timeout it had when a lower one comes":   {Limits{0, 10, 0}, func(b *begun) { b.sets(1*time.Second, Limits{2, 5, 0}) }, timeout(10), 10 * time.Second},
		"as the newest generation says":                  {Limits{0, 10, 0}, func(b *begun) { b.sets(0, Limits{3, 30, 0}); b.sets(0, Limits{2, 40, 5}) }, timeout(30), 30 * time.Second},
		"after an idle timeout that came later":          {Limits{0, 300, 0}, func(b *begun) { b.sets(30*time.Second, Limits{2, 300, 60}) }, idle(60), 60 * time.Second},
		"at once when it has been idle for longer":       {Limits{0, 300, 0}, func(b *begun) { b.sets(90*time.Second, Limits{2, 300, 60}) }, idle(60), 90 * time.Second},
		"at its timeout when it may be idle from now on": {Limits{0, 300, 60}, func(b *begun) { b.sets(30*time.Second, Limits{2, 300, 0}) }, timeout(300), 300 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := begin(t, test.limits)
				test.life(b)
				b.ends(t, test.want, test.after)
			})
		})
	}
}

func (b *begun) uses(long time.Duration) {
	end, _ := b.use.Begin()
	time.Sleep(long)
	end()
}

func (b *begun) sets(after time.Duration, limits Limits) {
	time.Sleep(after)
	_, _ = b.Set(limits)
}

func TestNothingBeginsOnceItIsIdleForTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin(t, Limits{0, 300, 60})
		<-b.Expired()
		if _, err := b.use.Begin(); err == nil {
			t.Error("something began in a sandbox that ends")
		}
		if _, err := b.Set(Limits{2, 600, 600}); err == nil {
			t.Error("the limits of a sandbox that ends were changed")
		}
	})
}

func TestWhatBeginsInTheLastMomentIsCountedOrRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 200 {
			b := begin(t, Limits{0, 0, 1})
			time.Sleep(time.Second)
			end, err := b.use.Begin()
			synctest.Wait()
			if over := len(b.Expired()) > 0; over != (err != nil) {
				t.Fatalf("over: %v, and what began was told %v", over, err)
			}
			if err == nil {
				end()
				<-b.Expired()
			}
		}
	})
}

func TestAConnectionKeepsItInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		use := activity.New()
		start := time.Now()
		k := &Keeper{
			use: use, startedAt: start, limits: Limits{0, 0, 10}, sampled: true,
			connected: func() bool { return time.Since(start) < 30*time.Second },
			changed:   make(chan struct{}, 1), expired: make(chan Expiry, 1),
		}
		go k.run(t.Context())
		<-k.Expired()
		if spent := time.Since(start); spent < 39*time.Second || spent > 40*time.Second {
			t.Errorf("it ended %v after its start, 30 s of them connected", spent)
		}
	})
}
