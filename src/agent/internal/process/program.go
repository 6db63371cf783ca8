package process

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"sandkeep.dev/agent/internal/fault"
)

// findProgram gives the path to execute: the command itself if it has a slash, else the first executable file of that
// name in the PATH of the environment that the process will have. Relative entries of PATH are below the working
// directory.
func findProgram(name, workdir string, environment []string) (string, error) {
	if strings.ContainsRune(name, '/') {
		return name, nil
	}
	path := lookup(environment, "PATH")
	var denied string
	for _, directory := range filepath.SplitList(path) {
		candidate := directory + "/" + name
		if !strings.HasPrefix(directory, "/") {
			candidate = "./" + candidate
		}
		switch err := executable(at(workdir, candidate)); {
		case err == nil:
			return candidate, nil
		case errors.Is(err, syscall.EACCES) && denied == "":
			denied = candidate
		}
	}
	if denied != "" {
		return "", fault.New(fault.PermissionDenied, fault.Process, "Cannot start %.80q: %s is not executable: make it so (chmod +x), or name another program", name, denied)
	}
	return "", fault.New(fault.NotFound, fault.Process, "Cannot start %.80q: executable file not found in $PATH (PATH=%.500q): name its full path, set PATH, or use an image that has it", name, path)
}

// at resolves a relative path against the working directory of the process, not the agent's.
func at(workdir, path string) string {
	if strings.HasPrefix(path, "/") || workdir == "" {
		return path
	}
	return workdir + "/" + path
}

// mayExecute asks access(2) whether a file may be executed, or a directory entered.
const mayExecute = 1

// executable fails with EACCES for what exists and cannot be executed.
func executable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return syscall.EACCES
	}
	return syscall.Access(path, mayExecute)
}

// startFault turns the errno of fork, chdir or exec into what the client can do about it. It looks for the cause only
// now, so that a start that succeeds pays nothing.
func startFault(r *Request, program string, err error) error {
	refuse := func(code fault.Code, format string, args ...any) error {
		return fault.New(code, fault.Process, "Cannot start %.80q: "+format, append([]any{r.Command[0]}, args...)...)
	}
	if r.Workdir != "" {
		switch info, statErr := os.Stat(r.Workdir); {
		case errors.Is(statErr, os.ErrNotExist):
			return refuse(fault.NotFound, "the working directory %.200q does not exist", r.Workdir)
		case statErr == nil && !info.IsDir(), errors.Is(statErr, syscall.ENOTDIR):
			return refuse(fault.InvalidArgument, "the working directory %.200q is not a directory", r.Workdir)
		case errors.Is(statErr, syscall.ENAMETOOLONG), errors.Is(statErr, syscall.ELOOP):
			return refuse(fault.InvalidArgument, "the working directory %.200q cannot be used: %v", r.Workdir, errnoOf(statErr))
		case statErr != nil:
			return refuse(fault.PermissionDenied, "the working directory %.200q cannot be used: %v", r.Workdir, errnoOf(statErr))
		case syscall.Access(r.Workdir, mayExecute) != nil:
			return refuse(fault.PermissionDenied, "the working directory %.200q may not be entered", r.Workdir)
		}
	}
	path := at(r.Workdir, program)
	octets, longest := r.octets()
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR):
		if _, statErr := os.Stat(path); statErr == nil {
			return refuse(fault.NotFound, "%s exists, but what it needs to run does not: %s", program, interpreterOf(path))
		}
		return refuse(fault.NotFound, "no such file: use an image that has it, or name another program")
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
			return refuse(fault.PermissionDenied, "it is a directory")
		}
		return refuse(fault.PermissionDenied, "%s is not executable: make it so (chmod +x), or name another program", program)
	case errors.Is(err, syscall.ENOEXEC):
		return refuse(fault.InvalidArgument, "%s is no program for this machine: a script must begin with a line such as #!/bin/sh, a binary be built for this architecture (exec format error)", program)
	// gVisor calls one argument that is too long a name.
	case errors.Is(err, syscall.E2BIG), errors.Is(err, syscall.ENAMETOOLONG) && longest > maxArgument:
		return refuse(fault.InvalidArgument, "arguments and environment are too long for the system (%d octets; at most %d in one of them): pass data through stdin or a file", octets, maxArgument)
	case errors.Is(err, syscall.ETXTBSY):
		return refuse(fault.FailedPrecondition, "%s is being written to", program)
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return refuse(fault.ResourceExhausted, "the sandbox has too many processes, open files, or too little memory: %v", err)
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EINVAL):
		return refuse(fault.InvalidArgument, "%v", err)
	}
	return refuse(fault.Internal, "%v", err)
}

// errnoOf is the cause without the path, which may be long.
func errnoOf(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// maxArgument is how long Linux lets one argument or variable be, with the NUL at its end.
const maxArgument = 131072

// octets are those of arguments and environment together, and of the longest among them, each with the NUL at its end.
func (r *Request) octets() (all, longest int) {
	for _, word := range slices.Concat(r.Command, environment(r)) {
		all += len(word) + 1
		longest = max(longest, len(word)+1)
	}
	return all, longest
}

// interpreterOf says what a file wants to be run by.
func interpreterOf(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return "its interpreter or loader"
	}
	defer file.Close()
	line, _ := bufio.NewReaderSize(file, 256).ReadSlice('\n')
	if interpreter, script := strings.CutPrefix(string(line), "#!"); script {
		return "its interpreter " + strings.TrimSpace(interpreter)
	}
	return "its dynamic loader (is it built for another C library?)"
}
