package usage

import (
	"encoding/json"
	"io/fs"
	"maps"
	"testing"
	"testing/fstest"
	"time"
)

// files makes a root directory of files by path and content.
func files(all map[string]string) fs.FS {
	root := fstest.MapFS{}
	for path, content := range all {
		root[path] = &fstest.MapFile{Data: []byte(content)}
	}
	return root
}

func with(base map[string]string, more map[string]string) map[string]string {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

// As containerd shows them to a container with a cgroup namespace.
var v2 = map[string]string{
	"proc/self/cgroup":             "0::/\n",
	"proc/self/mountinfo":          "30 1 0:27 / / rw - overlay overlay rw,lowerdir=/a\n31 30 0:28 / /sys/fs/cgroup ro,nosuid shared:1 - cgroup2 cgroup rw,nsdelegate\n",
	"proc/1/stat":                  "",
	"proc/12/stat":                 "",
	"proc/sys/x":                   "",
	"sys/fs/cgroup/cpu.stat":       "usage_usec 2500000\nuser_usec 1\nnr_periods 7\n",
	"sys/fs/cgroup/cpu.max":        "150000 100000\n",
	"sys/fs/cgroup/memory.current": "6291456\n",
	"sys/fs/cgroup/memory.peak":    "7340032\n",
	"sys/fs/cgroup/memory.max":     "67108864\n",
	"sys/fs/cgroup/memory.stat":    "anon 4096\nfile 8192\nactive_file 1\ninactive_file 2097152\n",
	"sys/fs/cgroup/pids.current":   "9\n",
	"sys/fs/cgroup/pids.max":       "1024\n",
}

const pod = "/kubepods/pod1/c1"

// As containerd shows them on a node with version 1 and an unused version 2.
var v1 = map[string]string{
	"proc/self/cgroup": "4:memory:" + pod + "\n2:cpu,cpuacct:" + pod + "\n3:pids:" + pod + "\n0::" + pod + "\n",
	"proc/self/mountinfo": "31 30 0:28 " + pod + " /sys/fs/cgroup/cpu,cpuacct ro master:5 - cgroup cgroup rw,cpu,cpuacct\n" +
		"32 30 0:29 " + pod + " /sys/fs/cgroup/memory ro master:6 - cgroup cgroup rw,memory\n" +
		"33 30 0:30 " + pod + " /sys/fs/cgroup/pids ro master:7 - cgroup cgroup rw,pids\n",
	"proc/1/stat": "",
	"sys/fs/cgroup/cpu,cpuacct/cpuacct.usage":        "2500000000\n",
	"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":     "50000\n",
	"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us":    "100000\n",
	"sys/fs/cgroup/memory/memory.usage_in_bytes":     "6291456\n",
	"sys/fs/cgroup/memory/memory.max_usage_in_bytes": "7340032\n",
	"sys/fs/cgroup/memory/memory.limit_in_bytes":     "67108864\n",
	"sys/fs/cgroup/memory/memory.stat":               "cache 1\ninactive_file 1\ntotal_inactive_file 2097152\n",
	"sys/fs/cgroup/pids/pids.current":                "9\n",
	"sys/fs/cgroup/pids/pids.max":                    "max\n",
}

// As gVisor shows them.
var gvisor = map[string]string{
	"proc/self/cgroup": "7:pids:/c1\n6:memory:/c1\n2:cpuacct:/c1\n1:cpu:/c1\n",
	"proc/self/mountinfo": "48 47 0:10 /c1 /sys/fs/cgroup/cpu rw - cgroup none rw,cpu\n49 47 0:11 /c1 /sys/fs/cgroup/cpuacct rw - cgroup none rw,cpuacct\n" +
		"53 47 0:15 /c1 /sys/fs/cgroup/memory rw - cgroup none rw,memory\n54 47 0:16 /c1 /sys/fs/cgroup/pids rw - cgroup none rw,pids\n",
	"proc/1/stat":                                "",
	"sys/fs/cgroup/cpuacct/cpuacct.usage":        "540000000\n",
	"sys/fs/cgroup/cpu/cpu.cfs_quota_us":         "-1\n",
	"sys/fs/cgroup/cpu/cpu.cfs_period_us":        "100000\n",
	"sys/fs/cgroup/memory/memory.usage_in_bytes": "11546624\n",
	"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
	"sys/fs/cgroup/pids/pids.current":            "10\n",
	"sys/fs/cgroup/pids/pids.max":                "max\n",
}

func TestReadsWhatTheKernelTells(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"version 2": {v2, `{"cpu":{"usedSeconds":2.5,"limitCores":1.5},` +
			`"memory":{"usedBytes":6291456,"workingSetBytes":4194304,"peakBytes":7340032,"limitBytes":67108864},"disk":{},"processes":{"running":2,"threads":9,"limit":1024}}`},
		"version 2 without limits": {
			with(v2, map[string]string{"sys/fs/cgroup/cpu.max": "max 100000\n", "sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/pids.max": "max\n"}),
			`{"cpu":{"usedSeconds":2.5,"limitCores":null},` +
				`"memory":{"usedBytes":6291456,"workingSetBytes":4194304,"peakBytes":7340032,"limitBytes":null},"disk":{},"processes":{"running":2,"threads":9,"limit":null}}`},
		"version 2 without a namespace": {
			with(v2, map[string]string{"proc/self/cgroup": "0::/kubepods/c1\n", "sys/fs/cgroup/kubepods/c1/memory.current": "5\n"}),
			`{"cpu":{},"memory":{"usedBytes":5},"disk":{},"processes":{"running":2}}`},
		"version 2 seen from outside its mount": {with(v2, map[string]string{"proc/self/cgroup": "0::/../elsewhere\n"}),
			`{"cpu":{"usedSeconds":2.5,"limitCores":1.5},` +
				`"memory":{"usedBytes":6291456,"workingSetBytes":4194304,"peakBytes":7340032,"limitBytes":67108864},"disk":{},"processes":{"running":2,"threads":9,"limit":1024}}`},
		"version 1": {v1, `{"cpu":{"usedSeconds":2.5,"limitCores":0.5},` +
			`"memory":{"usedBytes":6291456,"workingSetBytes":4194304,"peakBytes":7340032,"limitBytes":67108864},"disk":{},"processes":{"running":1,"threads":9,"limit":null}}`},
		"gVisor": {gvisor, `{"cpu":{"usedSeconds":0.54,"limitCores":null},"memory":{"usedBytes":11546624,"limitBytes":null},"disk":{},"processes":{"running":1,"threads":10,"limit":null}}`},
		"no cgroup mounted": {map[string]string{"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": "30 1 0:27 / / rw - overlay overlay rw\n", "proc/1/stat": ""},
			`{"cpu":{},"memory":{},"disk":{},"processes":{"running":1}}`},
		"no /proc": {nil, `{"cpu":{},"memory":{},"disk":{},"processes":{}}`},
		"nonsense": {
			map[string]string{
				"proc/self/cgroup": "x\n1:y\n0::/\n", "proc/self/mountinfo": "\n- -\n1 2 3\n31 30 0:28 / /cg\\040x rw - cgroup2 cgroup rw\n",
				"cg x/cpu.stat": "usage_usec\nusage_usec_more 3\nusage_usec -1\n", "cg x/cpu.max": "5 0\n", "cg x/memory.current": "-4\n", "cg x/memory.max": "1e9\n",
				"cg x/memory.stat": "inactive_file 9\n", "cg x/pids.current": "99999999999999999999\n", "cg x/pids.max": "",
			},
			`{"cpu":{},"memory":{},"disk":{},"processes":{"running":0}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := json.Marshal(from(files(test.files))); err != nil || string(got) != test.want {
				t.Errorf("%v\n     got %s\nexpected %s", err, got, test.want)
			}
		})
	}
}

func TestDisk(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		blocks, free, available, octets uint64
		want                            string
	}{
		"a disk":                    {1000, 400, 300, 4096, `{"usedBytes":2457600,"availableBytes":1228800,"totalBytes":4096000}`},
		"a full one":                {10, 0, 0, 512, `{"usedBytes":5120,"availableBytes":0,"totalBytes":5120}`},
		"gVisor's, beyond any":      {2251799813685247, 2251799813685247, 2251799813685247, 4096, `{}`},
		"none":                      {0, 0, 0, 4096, `{}`},
		"one with more than it has": {10, 11, 0, 512, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, _ := json.Marshal(disk(test.blocks, test.free, test.available, test.octets)); string(got) != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestMeasuresHere(t *testing.T) {
	t.Parallel()
	got := Now()
	if time.Since(got.MeasuredAt) > time.Minute || got.Processes.Running == nil || *got.Processes.Running < 1 || got.Disk.TotalBytes == nil {
		t.Errorf("%+v", got)
	}
}
