package images

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// fillAlpine makes what Alpine Linux is at its core, busybox linked to musl, from Debian's source of the one and its
// package of the other.
func fillAlpine(root string) error {
	if err := skeleton(root); err != nil {
		return err
	}
	work := root + ".source"
	defer os.RemoveAll(work)
	source, err := debianSource(work, "busybox")
	if err != nil {
		return err
	}
	compiler, err := muslCompiler()
	if err != nil {
		return err
	}
	for _, arguments := range [][]string{
		{"defconfig"},
		{fmt.Sprintf("--jobs=%d", runtime.NumCPU()), "CC=" + compiler, "busybox"},
		{"CC=" + compiler, "CONFIG_PREFIX=" + root, "install"},
	} {
		if err := run("", "make", append([]string{"--silent", "--directory=" + source}, arguments...)...); err != nil {
			return err
		}
	}
	return installMusl(root)
}

// debianSource downloads a source package of Debian 12 by apt, which checks it, and unpacks what its authors released.
func debianSource(work, name string) (string, error) {
	if err := os.MkdirAll(filepath.Join(work, "lists/partial"), 0o755); err != nil {
		return "", err
	}
	mirror := cmp.Or(os.Getenv(mirrorVariable), "http://deb.debian.org/debian")
	list := filepath.Join(work, "sources.list")
	line := fmt.Sprintf("deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s bookworm main\n", mirror)
	if err := os.WriteFile(list, []byte(line), 0o644); err != nil {
		return "", err
	}
	const script = `cd "$1"
apt() {
	apt-get -qq -o Dir::Etc::SourceList="$PWD/sources.list" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$PWD/lists" -o APT::Sandbox::User=root "$@"
}
apt update && apt source --download-only "$2" && mkdir source && tar --strip-components=1 -C source -xf "$2"_*.orig.tar.*`
	return filepath.Join(work, "source"), run("", "bash", "-c", script, "bash", work, name)
}

// muslCompiler is the C compiler with musl, and behind its headers those of the kernel.
func muslCompiler() (string, error) {
	multiarch, err := exec.Command("gcc", "-print-multiarch").Output()
	if err != nil {
		return "", fmt.Errorf("gcc does not say what it compiles for: %w", err)
	}
	return "musl-gcc -idirafter /usr/include -idirafter /usr/include/" + strings.TrimSpace(string(multiarch)), nil
}

// installMusl puts the C library where programs linked to it look for their loader, which it is too.
func installMusl(root string) error {
	loaders, err := filepath.Glob("/lib/ld-musl-*.so.1")
	if err != nil || len(loaders) != 1 {
		return fmt.Errorf("want one musl in /lib, found %q", loaders)
	}
	if err := os.MkdirAll(filepath.Join(root, "lib"), 0o755); err != nil {
		return err
	}
	return run("", "cp", "--dereference", loaders[0], filepath.Join(root, loaders[0]))
}
