# Sourced by every command in hack/: where things are, and how a command speaks.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${SANDKEEP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sandkeep}
export SANDKEEP_CACHE=$cache
export PATH=$root/node_modules/.bin:$cache/node/bin:$cache/go/bin:$PATH

# `--help` prints what a command says of itself at its top.
if [[ ${1-} == --help || ${1-} == -h ]]; then
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
  exit
fi

# Root may work on a checkout that belongs to somebody else, of which git would list nothing.
git_setting=${GIT_CONFIG_COUNT:-0}
export GIT_CONFIG_COUNT=$((git_setting + 1)) "GIT_CONFIG_KEY_$git_setting=safe.directory" "GIT_CONFIG_VALUE_$git_setting=$root"

# Progress goes to stderr, so that stdout carries only what a command answers.
say() { printf '%s\n' "$*" >&2; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Milliseconds since the epoch.
now() { date +%s%3N; }

# `1234` milliseconds as `1.2 s`, or `3 min 04 s` from a minute on.
span() {
  local s=$(($1 / 1000))
  if ((s < 60)); then printf '%d.%d s' "$s" $(($1 % 1000 / 100)); else printf '%d min %02d s' $((s / 60)) $((s % 60)); fi
}

# One hash over the names and contents of the tracked and new files under the given paths.
hash_of() {
  (cd "$root" && git ls-files -z --cached --others --exclude-standard -- "$@" | sort -zu | xargs -0 -r sh -c \
    'for f; do [ -f "$f" ] && sha256sum "$f"; done; true' sh) | sha256sum | cut -c1-12
}
