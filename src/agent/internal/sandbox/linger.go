package sandbox

import (
	"time"

	"sandkeep.dev/agent/internal/spool"
)

// firstMoment is how long after its start a sandbox may still be unknown to those who wait for it.
const firstMoment = time.Second

// linger waits up to lingerSeconds for clients to read what the entrypoint wrote. Of a sandbox that has only just started nobody
// could have asked yet: that waits for them to be told of the exit and the ends of the streams, too, until it is firstMoment old. They
// would learn it from the kubelet otherwise, up to a second later.
func (s *sandbox) linger(signals signals) {
	if s.entrypoint == nil || s.config.LingerSeconds == 0 {
		return
	}
	enough := time.After(time.Duration(s.config.LingerSeconds * float64(time.Second)))
	for _, stream := range s.entrypoint.Outputs() {
		if !until(stream, isDelivered, enough, signals) {
			return
		}
	}
	early := time.After(firstMoment - time.Since(s.startedAt))
	select {
	case <-s.entrypoint.Collected():
	case <-early:
		return
	case <-signals:
		return
	}
	for _, stream := range s.entrypoint.Outputs() {
		if !until(stream, hasEnded, early, signals) {
			return
		}
	}
}

func isDelivered(state spool.State) bool { return state.Delivered >= state.End }

func hasEnded(state spool.State) bool { return state.Ended }

// until waits for readers to bring a stream into a state; false if that was given up.
func until(stream *spool.Spool, isReached func(spool.State) bool, enough <-chan time.Time, signals signals) bool {
	for {
		read := stream.Freed()
		if isReached(stream.State()) {
			return true
		}
		select {
		case <-read:
		case <-enough:
			return false
		case <-signals:
			return false
		}
	}
}
