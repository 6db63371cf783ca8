package images

import (
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

// debianSource downloads a source package of Debian 12, which apt checks, and unpacks what its authors released. mmdebstrap
// knows the mirror and sets apt up; the system that it would install stays empty.
func debianSource(work, name string) (string, error) {
	source := filepath.Join(work, "source")
	if err := os.MkdirAll(source, 0o755); err != nil {
		return "", err
	}
	const download = `APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -qq -o APT::Sandbox::User=root source --download-only`
	arguments := []string{
		"--quiet", "--variant=custom",
		`--setup-hook=sed -n "s/^deb /deb-src /p" "$1/etc/apt/sources.list" > "$1/etc/apt/sources.list.d/source.list"`,
		fmt.Sprintf("--customize-hook=cd '%s' && %s %s", work, download, name),
		"bookworm", filepath.Join(work, "empty"),
	}
	if err := run("", "mmdebstrap", withMirror(arguments)...); err != nil {
		return "", err
	}
	archives, err := filepath.Glob(filepath.Join(work, name+"_*.orig.tar.*"))
	if err != nil || len(archives) != 1 {
		return "", fmt.Errorf("want one archive of %s's source, found %q", name, archives)
	}
	return source, run("", "tar", "--strip-components=1", "-C", source, "-xf", archives[0])
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
