package images

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"sandkeep.dev/localcluster/internal/components"
	"sandkeep.dev/localcluster/internal/host"
)

// recipe changes when stand-ins have to be made anew although their table did not change.
const recipe = "1"

// Storage returns a registry's storage folder that holds all stand-in images, after making it if it is missing.
func Storage(cache, programs string, progress io.Writer) (string, error) {
	target := filepath.Join(cache, key())
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	lock, err := host.Lock(filepath.Join(cache, "build.lock"), func() { fmt.Fprintln(progress, "Waiting for another build of the images to end") })
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	work, err := host.Workspace(cache)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	storage := filepath.Join(work, "storage")
	if err := makeAll(work, storage, programs, progress); err != nil {
		return "", err
	}
	return target, os.Rename(storage, target)
}

func key() string {
	hash := sha256.New()
	fmt.Fprintln(hash, recipe, runtime.GOARCH)
	for _, image := range standIns {
		fmt.Fprintln(hash, image.name, image.config, image.also)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16]
}

func makeAll(work, storage, programs string, progress io.Writer) error {
	registry, stop, err := serve(filepath.Join(programs, "registry"), work, storage)
	if err != nil {
		return err
	}
	defer stop()
	for i, image := range standIns {
		fmt.Fprintf(progress, "[%d/%d] image %-22s about %d s …", i+1, len(standIns), image.name, image.seconds)
		began := time.Now()
		if err := image.push(filepath.Join(work, fmt.Sprint(i)), filepath.Join(programs, "crane"), registry); err != nil {
			return fmt.Errorf("cannot make image %s: %w", image.name, err)
		}
		fmt.Fprintf(progress, " %.1f s\n", time.Since(began).Seconds())
	}
	return nil
}

func (s standIn) push(root, crane, registry string) error {
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	if err := s.fill(root); err != nil {
		return err
	}
	layer, name := root+".layer", registry+"/"+Repository(s.name)
	if err := run("", "tar", "--sort=name", "--numeric-owner", "-C", root, "-czf", layer, "."); err != nil {
		return err
	}
	if err := run("", crane, "append", "--insecure", "-f", layer, "-t", name); err != nil {
		return err
	}
	arguments := append([]string{"mutate", "--insecure", "--set-platform=linux/" + runtime.GOARCH, "-t", name, name}, s.config...)
	if err := run("", crane, arguments...); err != nil {
		return err
	}
	for _, other := range s.also {
		if err := run("", crane, "copy", "--insecure", name, registry+"/"+Repository(other)); err != nil {
			return err
		}
	}
	return nil
}

// serve runs a registry on a free port of the loopback device until stop is called.
func serve(program, work, storage string) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		return "", nil, err
	}
	config, err := json.Marshal(components.RegistryConfig(storage, address))
	if err != nil {
		return "", nil, err
	}
	file := filepath.Join(work, "registry.yaml")
	if err := os.WriteFile(file, config, 0o644); err != nil {
		return "", nil, err
	}
	var log bytes.Buffer
	command := exec.Command(program, "serve", file)
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if response, err := http.Get("http://" + address + "/v2/"); err == nil {
			return address, stop, response.Body.Close()
		}
	}
	stop()
	return "", nil, fmt.Errorf("the registry does not start: %s", log.String())
}

func run(stdin, name string, arguments ...string) error {
	command := exec.Command(name, arguments...)
	command.Stdin = bytes.NewBufferString(stdin)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, output[max(0, len(output)-2000):])
	}
	return nil
}
