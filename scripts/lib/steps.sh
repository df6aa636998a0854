# Sourced by scripts/test and scripts/test-long: runs named steps, times them,
# and ends with a list of them and one line that counts them.

steps_passed=0
steps_failed=0
steps_table=""

# step NAME COMMAND [ARG...]: runs the command; a failure is remembered, the next step still runs.
step() {
    local name="$1" started=$SECONDS result=ok
    shift
    printf '\n== %s: %s\n' "$name" "$*"
    if "$@"; then
        steps_passed=$((steps_passed + 1))
    else
        result="FAILED (exit $?)"
        steps_failed=$((steps_failed + 1))
    fi
    steps_table+="$(printf '%5d s  %-28s %s' $((SECONDS - started)) "$name" "$result")"$'\n'
    printf '== %s: %s, %d s\n' "$name" "$result" $((SECONDS - started))
    [[ "$result" == ok ]]
}

# The same for a step without which the later ones make no sense: a failure ends the run.
required_step() {
    step "$@" || finish_steps
}

# Prints the list and ends the script: 0 when every step passed.
finish_steps() {
    printf '\n%s\nsteps: %d passed, %d failed\n' "$steps_table" "$steps_passed" "$steps_failed"
    [[ "$steps_failed" == 0 ]] && exit 0
    exit 1
}
