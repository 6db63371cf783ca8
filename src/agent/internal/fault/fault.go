// Package fault is the form in which the agent refuses: a code that programs act on, what it is about, and a message
// for people that names the action and the value.
//
// Codes and their HTTP statuses are those of Sandkeep's API:
//
//	invalid_argument 400, permission_denied 403, not_found 404, conflict, already_exists, is_a_directory, not_a_directory
//	and directory_not_empty 409, failed_precondition 412, file_too_large 413, resource_exhausted 429, internal 500,
//	not_supported 501, unavailable 503, deadline_exceeded 504, no_space 507
package fault

import (
	"errors"
	"fmt"
	"net/http"
)

// Code says what kind of refusal it is.
type Code string

// The codes that the agent answers with.
const (
	InvalidArgument    Code = "invalid_argument"
	PermissionDenied   Code = "permission_denied"
	NotFound           Code = "not_found"
	Conflict           Code = "conflict"
	FailedPrecondition Code = "failed_precondition"
	ResourceExhausted  Code = "resource_exhausted"
	DeadlineExceeded   Code = "deadline_exceeded"
	NotSupported       Code = "not_supported"
	Unavailable        Code = "unavailable"
	Internal           Code = "internal"

	AlreadyExists     Code = "already_exists"
	IsADirectory      Code = "is_a_directory"
	NotADirectory     Code = "not_a_directory"
	DirectoryNotEmpty Code = "directory_not_empty"
	FileTooLarge      Code = "file_too_large"
	NoSpace           Code = "no_space"
)

var statuses = map[Code]int{
	InvalidArgument:    http.StatusBadRequest,
	PermissionDenied:   http.StatusForbidden,
	NotFound:           http.StatusNotFound,
	Conflict:           http.StatusConflict,
	FailedPrecondition: http.StatusPreconditionFailed,
	ResourceExhausted:  http.StatusTooManyRequests,
	DeadlineExceeded:   http.StatusGatewayTimeout,
	NotSupported:       http.StatusNotImplemented,
	Unavailable:        http.StatusServiceUnavailable,
	Internal:           http.StatusInternalServerError,

	AlreadyExists:     http.StatusConflict,
	IsADirectory:      http.StatusConflict,
	NotADirectory:     http.StatusConflict,
	DirectoryNotEmpty: http.StatusConflict,
	FileTooLarge:      http.StatusRequestEntityTooLarge,
	NoSpace:           http.StatusInsufficientStorage,
}

// What a refusal is about.
const (
	Process = "process"
	File    = "file"
	Port    = "port"
	Probe   = "probe"
	Sandbox = "sandbox"
	Request = "request"
)

// Fault is the JSON body of every reply that refuses.
type Fault struct {
	Code     Code           `json:"code"`
	Message  string         `json:"message"`
	Resource string         `json:"resource"`
	Details  map[string]any `json:"details,omitempty"`
}

// New makes a fault; format and args give its message.
func New(code Code, resource, format string, args ...any) *Fault {
	return &Fault{Code: code, Resource: resource, Message: fmt.Sprintf(format, args...)}
}

// With adds a detail that programs can read.
func (f *Fault) With(name string, value any) *Fault {
	details := map[string]any{name: value}
	for k, v := range f.Details {
		details[k] = v
	}
	return &Fault{f.Code, f.Message, f.Resource, details}
}

func (f *Fault) Error() string { return f.Message }

// Status is the HTTP status that the fault travels with.
func (f *Fault) Status() int { return statuses[f.Code] }

// Of finds the fault in an error; any other error is internal.
func Of(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return New(Internal, Request, "%v", err)
}
