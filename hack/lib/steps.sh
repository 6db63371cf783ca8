# Sourced: a run in numbered steps, each with its time. Set `steps` to how many there are.

step_number=0
step_title=
run_started=$(now)

# step TITLE COMMAND…: `[2/7] Title`, what the command prints, how long it took. A failing command ends the run.
step() {
  local started
  step_title=$1
  shift
  step_number=$((step_number + 1))
  started=$(now)
  printf '\n[%d/%d] %s\n' "$step_number" "$steps" "$step_title" >&2
  "$@"
  printf '      %s\n' "$(span $(($(now) - started)))" >&2
  step_title=
}

# To be called when the run ends, by an EXIT trap.
steps_end() {
  if [[ -n $step_title ]]; then
    printf '\nStep %d of %d failed: %s\n' "$step_number" "$steps" "$step_title" >&2
  elif ((step_number == steps)); then
    printf '\nAll in %s.\n' "$(span $(($(now) - run_started)))" >&2
  fi
}
