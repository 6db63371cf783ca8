package images

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// standIn is an image made here under a name that exists elsewhere too, so that samples run unchanged on any cluster.
type standIn struct {
	name    string
	seconds int
	// fill makes the root filesystem; the folder exists and is empty.
	fill func(root string) error
	// config is given to `crane mutate`.
	config []string
	// also lists other names of the same image, for programs that are written for those.
	also []string
}

const path = "--env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

var standIns = []standIn{
	{"pause:1", 1, fillPause, []string{"--entrypoint=/pause"}, nil},
	{"busybox:stable", 1, fillBusybox, []string{path, "--cmd=sh"}, nil},
	{"alpine:3.21", 45, fillAlpine, []string{path, "--cmd=/bin/sh"}, nil},
	{"debian:bookworm-slim", 25, fillDebian, []string{path, "--cmd=bash"}, []string{"ubuntu:24.04"}},
	{"python:3.11-slim", 35, fillPython, []string{path, "--env=LANG=C.UTF-8", "--cmd=python3"}, []string{"python:3.13-slim", "python:3.13"}},
}

// pauseSource is the program that holds a Pod's namespaces open.
const pauseSource = `
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void stop(int signal) { exit(0); }
static void reap(int signal) { while (waitpid(-1, NULL, WNOHANG) > 0); }
int main() {
  signal(SIGINT, stop);
  signal(SIGTERM, stop);
  signal(SIGCHLD, reap);
  for (;;) pause();
}
`

func fillPause(root string) error {
	return run(pauseSource, "gcc", "-x", "c", "-Os", "-static", "-s", "-o", filepath.Join(root, "pause"), "-")
}

func fillBusybox(root string) error {
	if err := skeleton(root); err != nil {
		return err
	}
	if err := run("", "cp", "/bin/busybox", filepath.Join(root, "bin/busybox")); err != nil {
		return err
	}
	applets, err := exec.Command("/bin/busybox", "--list").Output()
	if err != nil {
		return err
	}
	for _, applet := range strings.Fields(string(applets)) {
		if applet == "busybox" {
			continue
		}
		if err := os.Symlink("busybox", filepath.Join(root, "bin", applet)); err != nil {
			return err
		}
	}
	return os.Symlink("/bin/busybox", filepath.Join(root, "usr/bin/env"))
}

// skeleton makes the folders and accounts that programs count on.
func skeleton(root string) error {
	for _, folder := range []string{"bin", "etc", "home", "root", "tmp", "usr/bin", "var"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			return err
		}
	}
	if err := os.Chmod(filepath.Join(root, "tmp"), 0o777|os.ModeSticky); err != nil {
		return err
	}
	files := map[string]string{
		"etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
		"etc/group":  "root:x:0:\nnobody:x:65534:\n",
	}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(body), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func fillDebian(root string) error { return bootstrap(root, "base-files") }

func fillPython(root string) error {
	if err := bootstrap(root, "python3", "ca-certificates"); err != nil {
		return err
	}
	for _, name := range []string{"python", "python3"} {
		if err := os.Symlink("/usr/bin/python3", filepath.Join(root, "usr/local/bin", name)); err != nil {
			return err
		}
	}
	return nil
}

// bootstrap installs a minimal Debian 12 without manuals and translations.
func bootstrap(root string, packages ...string) error {
	archive := root + ".tar"
	defer os.Remove(archive)
	arguments := []string{
		"--quiet", "--variant=minbase", "--include=" + strings.Join(packages, ","),
		"--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
		"--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-include=/usr/share/doc/*/copyright",
		"bookworm", archive,
	}
	if err := run("", "mmdebstrap", withMirror(arguments)...); err != nil {
		return err
	}
	return run("", "tar", "-xf", archive, "-C", root, "--exclude=./dev/*", "--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*")
}

// withMirror adds to mmdebstrap's arguments the mirror that was chosen instead of the usual one.
func withMirror(arguments []string) []string {
	if mirror := os.Getenv("SANDKEEP_DEBIAN_MIRROR"); mirror != "" {
		return append(arguments, mirror)
	}
	return arguments
}
