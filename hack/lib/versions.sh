# The tools this repository is built with. Node's version stands in hack/node/package.json.
go_minimum=1.26
go_toolchain=go1.26.8

# The version of the Go that is here, as `1.26.8`; empty when there is none.
go_version() {
  local version
  version=$(cd / && GOTOOLCHAIN=local go env GOVERSION 2> /dev/null) || true
  printf '%s' "${version#go}"
}

# Whether that Go can build everything here.
go_suffices() { [[ $(printf '%s\n%s\n' "$(go_version)" "$go_minimum" | sort -V | head -1) == "$go_minimum" ]]; }

# What the local cluster, the images and the tests use of Debian.
debian_packages=(
  ca-certificates curl git jq openssl procps util-linux xz-utils
  gcc libc6-dev libseccomp-dev pkg-config
  libatomic1 libstdc++6
  containernetworking-plugins conntrack iproute2 iptables nftables
  busybox-static bzip2 make mmdebstrap musl-tools
)
test_packages=(chromium fish haproxy zsh)
