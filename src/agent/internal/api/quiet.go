package api

import (
	"net/http"
	"runtime"
	"runtime/debug"
	"time"
)

// quietTime is how long after a request the agent gives memory back that it does not need: sandboxes are many, and most
// are idle most of the time.
const quietTime = 2 * time.Second

func quietly(next http.Handler) http.Handler {
	later := time.AfterFunc(quietTime, giveBack)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		later.Reset(quietTime)
	})
}

func giveBack() {
	// Pools let go of their buffers at the second collection.
	runtime.GC()
	debug.FreeOSMemory()
}
