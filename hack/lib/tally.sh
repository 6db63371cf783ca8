# Sourced: runs suites, says how each went, and adds up their tests.
# `SANDKEEP_TALLY` names the file of figures, so that a command that runs another's suites adds them to its own.

tally=${SANDKEEP_TALLY:-$(mktemp)}
reports=$(mktemp -d)

# check NAME COMMAND…: one test that passes when the command does; its output shows when not.
check() {
  local name=$1 started log=$reports/check.log
  shift
  started=$(now)
  if "$@" > "$log" 2>&1; then
    count "$name" 1 0 0 "$started"
  else
    cat "$log" >&2
    count "$name" 0 1 0 "$started"
  fi
}

# part COMMAND…: a command that adds figures of its own. One that fails without a failure among them has broken off.
part() {
  local before started
  before=$(failures) started=$(now)
  "$@" || (($(failures) > before)) || count "$1" 0 1 0 "$started"
}

failures() { awk '{f += $2} END {print f + 0}' "$tally"; }

# vitest_suite PROJECT: the tests of one project of config/vitest.config.ts.
vitest_suite() {
  local project=$1 report=$reports/$1.json started code=0 passed failed skipped
  started=$(now)
  (cd "$root" && node node_modules/vitest/vitest.mjs run --config config/vitest.config.ts --project "$project" \
    --reporter=default --reporter=json --outputFile.json="$report" >&2) || code=$?
  # A file that cannot be loaded has no tests to fail, so it counts as one; so does a run that reports no test at all.
  read -r passed failed skipped < <(jq -r '
    [.numPassedTests,
     .numFailedTests + ([.testResults[] | select(.status == "failed" and (.assertionResults | all(.status != "failed")))] | length),
     .numPendingTests + .numTodoTests] | join(" ")' "$report" 2> /dev/null) || true
  ((code == 0 && ${passed:-0} + ${skipped:-0} > 0 || ${failed:-0} > 0)) || failed=1
  count "$project" "${passed:-0}" "${failed:-0}" "${skipped:-0}" "$started"
}

# go_suite FOLDER: the tests of one Go module, with the race detector.
go_suite() {
  local folder=$1 report started code=0 passed failed skipped
  report=$reports/$(tr / - <<< "$folder").json
  started=$(now)
  (cd "$root/$folder" && go test -race -timeout 30m -json ./... > "$report" 2> "$report.errors") || code=$?
  read -r passed failed skipped < <(jq -rs "$go_figures" "$report" 2> /dev/null) || true
  ((code == 0 && ${passed:-0} + ${skipped:-0} > 0 || ${failed:-0} > 0)) || failed=1
  if ((${failed:-0} > 0)); then
    cat "$report.errors" >&2
    jq -rjs '[.[] | select(.Action == "fail" and .Test) | "\(.Package) \(.Test)"] as $failed
      | .[] | select(.Action == "build-output" or (.Action == "output" and ((.Test == null) or ("\(.Package) \(.Test)" | IN($failed[]))))) | .Output' "$report" >&2 || cat "$report" >&2
  fi
  count "$folder" "${passed:-0}" "${failed:-0}" "${skipped:-0}" "$started"
}

# A test with subtests is counted by them, unless it failed by itself. A package that fails without a failing test counts as one.
go_figures='
  [.[] | select(.Test and (.Action | IN("pass", "fail", "skip")))] as $all
  | ($all | map("\(.Package) \(.Test | split("/")[:-1] | join("/"))") | unique) as $parents
  | ($all | map(select(.Action == "fail")) | map("\(.Package) \(.Test | split("/")[:-1] | join("/"))") | unique) as $explained
  | ($all | map(select("\(.Package) \(.Test)" | IN($parents[]) | not))) as $leaves
  | ($all | map(select(.Action == "fail" and ("\(.Package) \(.Test)" | (IN($parents[]) and (IN($explained[]) | not)))))) as $alone
  | ([.[] | select(.Action == "fail" and (.Test | not)) | .Package] - ($all | map(select(.Action == "fail") | .Package))) as $packages
  | [($leaves | map(select(.Action == "pass")) | length),
     ($leaves | map(select(.Action == "fail")) | length) + ($alone | length) + ($packages | length),
     ($leaves | map(select(.Action == "skip")) | length)] | join(" ")'

# count NAME PASSED FAILED SKIPPED STARTED
count() {
  local mark=ok
  (($3 == 0)) || mark=FAILED
  printf '%s %s %s\n' "$2" "$3" "$4" >> "$tally"
  printf '%-6s  %-28s %5d passed %3d failed %3d skipped  %s\n' "$mark" "$1" "$2" "$3" "$4" "$(span $(($(now) - $5)))" >&2
}

# Prints the sum of all suites as the last line, and fails when a test has failed or none has run.
finish() {
  local passed failed skipped
  rm -rf "$reports"
  read -r passed failed skipped < <(awk '{p += $1; f += $2; s += $3} END {print p + 0, f + 0, s + 0}' "$tally")
  if [[ -z ${SANDKEEP_TALLY:-} ]]; then
    rm -f "$tally"
    printf '%d passed, %d failed%s\n' "$passed" "$failed" "$( ((skipped == 0)) || printf ', %d skipped' "$skipped")"
  fi
  ((failed == 0 && passed > 0))
}
