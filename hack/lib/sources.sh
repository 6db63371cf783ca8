# Sourced: checks of those sources that bring no checker of their own.

# Every shell script parses, whatever its name.
shell_parses() {
  local list file
  list=$(files '*.sh' hack .ci) || return
  while IFS= read -r file; do
    [[ $file != *.sh && ! $(head -n 1 "$file") =~ ^'#!'.*sh$ ]] || bash -n "$file" || return
  done <<< "$list"
}

# Every Go file is written as gofmt would.
go_formatted() {
  local list ugly
  list=$(files '*.go') && ugly=$(xargs -d '\n' gofmt -l <<< "$list") || return
  [[ -z $ugly ]] || { printf 'gofmt would write differently:\n%s\n' "$ugly" && return 1; }
}

# files PATTERN…: tracked and new files, one per line. Fails when there is none: a check of nothing would pass.
files() { git ls-files --cached --others --exclude-standard -- "$@" | sort -u | grep .; }
