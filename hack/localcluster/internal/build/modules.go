// Package build compiles every program of the cluster from pinned Go modules.
package build

// module is a folder with a go.mod that pins the programs built there.
type module struct {
	name string
	// folder is relative to hack/localcluster.
	folder   string
	programs []program
	cgo      bool
	tags     string
	ldflags  string
	// overlay replaces a vendored file by one of the folder.
	overlay map[string]string
}

type program struct {
	name    string
	pkg     string
	seconds int // with empty caches, on two cores
}

const (
	kubernetesMinor   = "36"
	kubernetesVersion = "v1." + kubernetesMinor + ".3"
	helmVersion       = "v4.3.1"
)

const (
	componentBase = "k8s.io/component-base/version"
	clientVersion = " -X " + componentBase + ".gitVersion=" + kubernetesVersion + " -X " + componentBase + ".gitMajor=1 -X " + componentBase + ".gitMinor=" + kubernetesMinor
)

var modules = []module{
	{
		name: "kubernetes", folder: "modules/kubernetes", ldflags: clientVersion,
		programs: []program{
			{"kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", 202},
			{"kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager", 58},
			{"kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler", 5},
			{"kubelet", "k8s.io/kubernetes/cmd/kubelet", 19},
			{"kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy", 7},
			{"kubectl", "k8s.io/kubernetes/cmd/kubectl", 16},
		},
	},
	{
		name: "etcd", folder: "modules/etcd",
		programs: []program{{"etcd", "go.etcd.io/etcd/server/v3", 22}},
	},
	{
		name: "containerd", folder: "modules/containerd", tags: "no_btrfs,no_devmapper,no_zfs",
		programs: []program{
			{"containerd", "github.com/containerd/containerd/v2/cmd/containerd", 36},
			{"containerd-shim-runc-v2", "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2", 5},
			{"ctr", "github.com/containerd/containerd/v2/cmd/ctr", 5},
		},
	},
	{
		name: "runc", folder: "modules/runc", cgo: true, tags: "seccomp",
		programs: []program{{"runc", "github.com/opencontainers/runc", 11}},
	},
	{
		name: "coredns", folder: "modules/coredns",
		programs: []program{{"coredns", "github.com/coredns/coredns", 87}},
	},
	{
		name: "registry", folder: "modules/registry",
		programs: []program{{"registry", "github.com/distribution/distribution/v3/cmd/registry", 48}},
	},
	{
		name: "crane", folder: "modules/crane",
		programs: []program{{"crane", "github.com/google/go-containerregistry/cmd/crane", 5}},
	},
	{
		// The shim sets its OOM score to -999 and gives up where CAP_SYS_RESOURCE is withheld; the overlay tolerates that.
		name: "gvisor", folder: "modules/gvisor",
		overlay: map[string]string{"vendor/github.com/containerd/containerd/v2/pkg/sys/oom_linux.go": "oom_linux.go.overlay"},
		programs: []program{
			{"runsc", "gvisor.dev/gvisor/runsc", 40},
			{"containerd-shim-runsc-v1", "gvisor.dev/gvisor/shim", 10},
		},
	},
	{
		name: "helm", folder: "modules/helm", ldflags: " -X helm.sh/helm/v4/internal/version.version=" + helmVersion,
		programs: []program{{"helm", "helm.sh/helm/v4/cmd/helm", 85}},
	},
	{
		name: "policy", folder: "policy",
		programs: []program{
			{"sandkeep-netpol", ".", 20},
			{"sandkeep-netpol-cni", "./cni", 2},
		},
	},
	{
		name: "provisioner", folder: "provisioner",
		programs: []program{{"sandkeep-provisioner", ".", 20}},
	},
}
