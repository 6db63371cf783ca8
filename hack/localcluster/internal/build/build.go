package build

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sandkeep.dev/localcluster/internal/host"
)

// Builder compiles into Cache from the sources below Root (hack/localcluster) and tells Progress how far it is.
type Builder struct {
	Root     string
	Cache    string
	Progress io.Writer
}

type job struct {
	module module
	target string
}

// Programs returns the folder of all programs, after compiling what is missing there. Nothing is left half-made: a folder appears
// whole or not at all, and of several builds at once one works and the others wait for it.
func (b Builder) Programs() (string, error) {
	jobs, combined, err := b.plan()
	if err != nil {
		return "", err
	}
	if exists(combined) {
		return combined, nil
	}
	if err := os.MkdirAll(b.Cache, 0o755); err != nil {
		return "", err
	}
	lock, err := host.Lock(filepath.Join(b.Cache, "build.lock"), func() { fmt.Fprintln(b.Progress, "Waiting for another build to end") })
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := b.compile(jobs); err != nil {
		return "", err
	}
	return combined, b.combine(jobs, combined)
}

func (b Builder) plan() ([]job, string, error) {
	version, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return nil, "", fmt.Errorf("cannot run Go, install it with hack/prerequisites: %w", err)
	}
	var jobs []job
	all := sha256.New()
	for _, module := range modules {
		key, err := module.key(b.Root, strings.TrimSpace(string(version)))
		if err != nil {
			return nil, "", err
		}
		fmt.Fprintln(all, module.name, key)
		jobs = append(jobs, job{module, filepath.Join(b.Cache, module.name+"-"+key)})
	}
	return jobs, filepath.Join(b.Cache, hex.EncodeToString(all.Sum(nil))[:16]), nil
}

func (b Builder) compile(jobs []job) error {
	var missing []job
	count, seconds := 0, 0
	for _, job := range jobs {
		if exists(job.target) {
			continue
		}
		missing = append(missing, job)
		for _, program := range job.module.programs {
			count, seconds = count+1, seconds+program.seconds
		}
	}
	if count == 0 {
		return nil
	}
	if err := b.requireSpace(count); err != nil {
		return err
	}
	fmt.Fprintf(b.Progress, "Building %d programs: about %s with empty caches on two cores\n", count, rounded(seconds))
	progress := &progress{out: b.Progress, count: count, seconds: seconds, began: time.Now()}
	for _, job := range missing {
		if err := b.module(job, progress); err != nil {
			return err
		}
	}
	fmt.Fprintf(b.Progress, "Built %d programs in %s\n", count, time.Since(progress.began).Round(time.Second))
	return nil
}

// requireSpace asks for what Go's caches and the programs take when all is built from nothing, or a little of it for a few programs.
func (b Builder) requireSpace(programs int) error {
	if programs < 10 {
		return host.RequireSpace(b.Cache, 1)
	}
	return host.RequireSpace(b.Cache, 12)
}

func (b Builder) module(job job, progress *progress) error {
	work, err := host.Workspace(b.Cache)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	folder, flags, err := b.prepare(job.module, work)
	if err != nil {
		return err
	}
	for _, program := range job.module.programs {
		finished := progress.begin(program)
		arguments := append([]string{"build", "-trimpath", "-ldflags", "-s -w" + job.module.ldflags, "-o", filepath.Join(work, "bin", program.name)}, flags...)
		if err := b.run(folder, job.module.cgo, "go", append(arguments, program.pkg)...); err != nil {
			return fmt.Errorf("cannot build %s: %w", program.name, err)
		}
		finished()
	}
	return os.Rename(filepath.Join(work, "bin"), job.target)
}

func (b Builder) run(folder string, cgo bool, name string, arguments ...string) error {
	command := exec.Command(name, arguments...)
	command.Dir = folder
	enabled := "0"
	if cgo {
		enabled = "1"
	}
	command.Env = append(os.Environ(), "CGO_ENABLED="+enabled, "GOFLAGS=-buildvcs=false", "GOWORK=off")
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, arguments[0], err, output)
	}
	return nil
}

// combine links all programs into one folder, so that one PATH entry serves all.
func (b Builder) combine(jobs []job, combined string) error {
	if exists(combined) {
		return nil
	}
	work, err := host.Workspace(b.Cache)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	folder := filepath.Join(work, "bin")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	for _, job := range jobs {
		for _, program := range job.module.programs {
			if err := os.Link(filepath.Join(job.target, program.name), filepath.Join(folder, program.name)); err != nil {
				return err
			}
		}
	}
	return os.Rename(folder, combined)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
