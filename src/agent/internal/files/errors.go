package files

import (
	"errors"
	"syscall"

	"sandkeep.dev/agent/internal/fault"
)

var codes = map[syscall.Errno]fault.Code{
	syscall.ENOENT:       fault.NotFound,
	syscall.ESTALE:       fault.NotFound,
	syscall.EISDIR:       fault.IsADirectory,
	syscall.ENOTDIR:      fault.NotADirectory,
	syscall.EACCES:       fault.PermissionDenied,
	syscall.EPERM:        fault.PermissionDenied,
	syscall.EROFS:        fault.PermissionDenied,
	syscall.EEXIST:       fault.AlreadyExists,
	syscall.ENOTEMPTY:    fault.DirectoryNotEmpty,
	syscall.EFBIG:        fault.FileTooLarge,
	syscall.EOVERFLOW:    fault.FileTooLarge,
	syscall.ENOSPC:       fault.NoSpace,
	syscall.EDQUOT:       fault.NoSpace,
	syscall.EINVAL:       fault.InvalidArgument,
	syscall.ELOOP:        fault.InvalidArgument,
	syscall.ENAMETOOLONG: fault.InvalidArgument,
	syscall.EXDEV:        fault.NotSupported,
	syscall.EOPNOTSUPP:   fault.NotSupported,
	syscall.ENOSYS:       fault.NotSupported,
	syscall.ENXIO:        fault.NotSupported,
	syscall.ENODEV:       fault.NotSupported,
	syscall.ESPIPE:       fault.NotSupported,
	syscall.EBUSY:        fault.FailedPrecondition,
	syscall.ETXTBSY:      fault.FailedPrecondition,
	syscall.EAGAIN:       fault.Unavailable,
	syscall.ETIMEDOUT:    fault.Unavailable,
	syscall.EMFILE:       fault.ResourceExhausted,
	syscall.ENFILE:       fault.ResourceExhausted,
	syscall.ENOMEM:       fault.ResourceExhausted,
}

// says has better words than the system's.
var says = map[syscall.Errno]string{
	syscall.EROFS:   "the file system is read-only",
	syscall.EBUSY:   "it is a mount point, or the system uses it",
	syscall.ETXTBSY: "it is a program that runs",
	syscall.EAGAIN:  "reading it would wait",
	syscall.EXDEV:   "the two are on different file systems, or the directory comes from a read-only layer of the image: copy it instead",
}

// Refuse gives the refusal for an error of the system while doing something with a path; a refusal stays what it is.
func Refuse(action, path string, err error) error {
	var already *fault.Fault
	if errors.As(err, &already) {
		return err
	}
	code, why := reason(err)
	return refusal(code, action, path, why)
}

func refusal(code fault.Code, action, path, why string) *fault.Fault {
	return fault.New(code, fault.File, "Cannot %s %.300q: %s", action, path, why)
}

// reason is what an error of the system is to clients, and its words.
func reason(err error) (code fault.Code, why string) {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return fault.Internal, err.Error()
	}
	code, known := codes[errno]
	if !known {
		code = fault.Internal
	}
	why, better := says[errno]
	if !better {
		why = errno.Error()
	}
	return code, why
}
