package watch

import "sandkeep.dev/agent/internal/files"

// Type is what has happened.
type Type string

// The types of events.
const (
	Create Type = "create"
	// Modify: contents or what stat says of it.
	Modify Type = "modify"
	Delete Type = "delete"
	Rename Type = "rename"
	// Access: it was opened or closed.
	Access Type = "access"
	// Overflow: events were lost, or would be too many, at or below the path.
	Overflow Type = "overflow"
	// Heartbeat: nothing has happened for a while.
	Heartbeat Type = "heartbeat"
)

// Which half of a rename there is, if not both.
const (
	In  = "in"
	Out = "out"
)

// Event is something that has happened.
type Event struct {
	Type Type `json:"type"`
	// Paths is one path; of a rename the old and the new one.
	Paths []string `json:"paths"`
	// Moved says of a rename with one path whether it came from or went to where nothing is watched.
	Moved string `json:"moved,omitempty"`
	// PathsBytes are the same paths if one of them is not UTF-8.
	PathsBytes [][]byte `json:"pathsBytes,omitempty"`
}

func newEvent(kind Type, paths ...string) Event {
	event := Event{Type: kind, Paths: paths}
	for _, path := range paths {
		if files.BytesOf(path) != nil {
			event.PathsBytes = bytesOf(paths)
		}
	}
	return event
}

func bytesOf(paths []string) (all [][]byte) {
	for _, path := range paths {
		all = append(all, []byte(path))
	}
	return all
}
