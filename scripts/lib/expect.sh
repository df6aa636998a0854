# Sourced by the scripts that check others by running them: `expect` and `refuse` count what is as
# it should be, and finish_checks says how many are. $work is a folder that goes with the script.

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

pass() { passed=$((passed + 1)); }

complain() {
    failed=$((failed + 1))
    echo "$(basename "$0"): $*" >&2
}

# expect STATUS TEXT COMMAND...: exit status STATUS, and TEXT in what it prints.
expect() {
    local want="$1" text="$2" status=0
    shift 2
    "$@" >"$work/out" 2>&1 || status=$?
    # grep finds the empty text in no line of an empty output
    if [[ "$status" == "$want" ]] && { [[ -z "$text" ]] || grep -qF -- "$text" "$work/out"; }; then
        pass
        return
    fi
    complain "$*: exit $status, wanted $want with '$text'; it printed:"
    tail -n 5 "$work/out" >&2
}

# refuse TEXT COMMAND...: exit 2, and TEXT in the one line that it prints.
refuse() {
    expect 2 "$@"
    [[ "$(wc -l <"$work/out")" == 1 ]] || complain "${*:2}: not one line"
}

# Prints the counts; fails when a check has.
finish_checks() {
    echo "$(basename "$0"): $passed passed, $failed failed"
    [[ "$failed" == 0 ]]
}
