# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the end-to-end tests share. A test sources it first; the runner (tests/run) made its private directory, which is
# the current one, and its environment.

set -Eeuo pipefail
shopt -s inherit_errexit

# --- how a test ends ----------------------------------------------------------

# Shows where a plain command failed; an assertion has shown more by then.
trap 'printf "# %s:%s: failed with status %s: %s\n" "${BASH_SOURCE[0]##*/}" "$LINENO" "$?" "$BASH_COMMAND" >&2' ERR

# A failure inside $(...) ends only the subshell, and its caller may expect nothing anyway: the mark fails the test.
trap '[ ! -e "$TMPDIR/.failed" ] || exit 1' EXIT

skip() {
        printf '# skip: %s\n' "$*"
        exit 77
}

# show TITLE TEXT: the offending text, indented.
show() {
        printf '#   %s:\n' "$1" >&2
        printf '%s\n' "$2" | sed 's/^/#     /' >&2
}

# fail MESSAGE [TITLE TEXT]...: ends the test, naming the line of the test script.
fail() {
        local depth=1 message=$1
        shift
        while [ "${BASH_SOURCE[$depth]}" = "${BASH_SOURCE[0]}" ]; do
                depth=$((depth + 1))
        done
        printf '# %s:%s: %s\n' "${BASH_SOURCE[$depth]##*/}" "${BASH_LINENO[$((depth - 1))]}" "$message" >&2
        while [ $# -gt 0 ]; do
                show "$1" "$2"
                shift 2
        done
        : > "$TMPDIR/.failed"
        trap - ERR
        exit 1
}

# need TOOL...: skips where a tool is missing. Every tool is in tools/setup's profile `test`.
need() {
        local tool
        for tool in "$@"; do
                command -v "$tool" > /dev/null || skip "$tool is missing (tools/setup test installs it)"
        done
}

# --- assertions ---------------------------------------------------------------

# assert_equal ACTUAL EXPECTED [WHAT]
assert_equal() {
        [ "$1" = "$2" ] || fail "${3:-the text} is not as expected" is "$1" expected "$2"
}

# assert_contains TEXT PART
assert_contains() {
        [[ $1 == *"$2"* ]] || fail "the text lacks a part" text "$1" lacks "$2"
}

# assert_lacks TEXT PART
assert_lacks() {
        [[ $1 != *"$2"* ]] || fail "the text has what it must not have" text "$1" has "$2"
}

# assert_matches TEXT REGEX (POSIX extended)
assert_matches() {
        [[ $1 =~ $2 ]] || fail "the text does not match" text "$1" regex "$2"
}

# assert_less NUMBER LIMIT [WHAT]
assert_less() {
        [ "$1" -lt "$2" ] || fail "${3:-the number} is $1, it must be below $2"
}

# capture COMMAND...: runs it; $status is its exit status, $output what it printed, $errors what it printed as errors.
capture() {
        status=0
        "$@" > "$TMPDIR/.output" 2> "$TMPDIR/.errors" || status=$?
        output=$(tr -d '\0' < "$TMPDIR/.output")
        errors=$(tr -d '\0' < "$TMPDIR/.errors")
}

# works COMMAND...: must exit 0; else everything it said is shown. Leaves $output and $errors.
works() {
        capture "$@"
        [ "$status" -eq 0 ] || fail "exit status $status: $*" output "$output" errors "$errors"
}

# output_of COMMAND...: prints what it prints; it must exit 0, and fails the test otherwise even inside $(...).
output_of() {
        works "$@"
        [ -z "$output" ] || printf '%s\n' "$output"
}

# lines_with REGEX FILE: the matching lines, perhaps none.
lines_with() {
        grep -E -- "$1" "$2" || [ $? -eq 1 ]
}

# assert_fails STATUS TEXT COMMAND...: must exit with exactly this status, never by a signal, and say TEXT as an error.
assert_fails() {
        local expected=$1 text=$2
        shift 2
        capture "$@"
        [ "$status" -eq "$expected" ] ||
                fail "exit status $status instead of $expected: $*" output "$output" errors "$errors"
        [[ $errors == *"$text"* ]] || fail "the error does not say: $text" command "$*" errors "$errors" output "$output"
}

# --- images -------------------------------------------------------------------

# fixture NAME: the path of a fixture's file, made at the first call.
fixture() {
        "$BRYO_SOURCE/tests/fixtures/$1"
}

# base NAME [AS]: imports a fixture as image.
base() {
        local tar
        tar=$(fixture "$1")
        works bryo import "$tar" "${2:-$1}"
}

# dockerfile [NAME]: writes standard input as Dockerfile of the context `context`.
dockerfile() {
        mkdir -p context
        cat > "context/${1:-Dockerfile}"
}

# build [OPTION]...: builds the directory `context`; the image is called `image` unless there is a -t among the options.
# What it said is in $output and $errors, all of it in $said.
build() {
        local option tag=(-t image)
        for option in "$@"; do
                [ "$option" != -t ] || tag=()
        done
        works bryo build --progress=plain "${tag[@]}" "$@" context
        said=$output$'\n'$errors
}

# names_and_ids: every image of the store with its name, one a line.
names_and_ids() {
        need jq
        output_of bryo image ls --format json | jq -r '"\(.Repository):\(.Tag) \(.ID)"' | sort
}

# build_fails TEXT [OPTION]...: the build must end with status 1 and this text, and leave neither image nor tag.
build_fails() {
        local text=$1 before
        shift
        before=$(names_and_ids)
        assert_fails 1 "$text" bryo build --progress=plain -t image "$@" context
        assert_equal "$(names_and_ids)" "$before" "the list of images after a failed build"
        said=$output$'\n'$errors
}

# image_run IMAGE COMMAND...: standard output of the command in a container of the image.
image_run() {
        output_of bryo run --rm "$@"
}

# image_config IMAGE FILTER: what jq finds in the image's config (the object "config" inside it is .config).
image_config() {
        need jq
        works bryo inspect "$1"
        jq -cS "(if type == \"array\" then .[0] else . end) | $2" <<< "$output"
}

# image_id IMAGE
image_id() {
        image_config "$1" '.Id // .id' | tr -d '"'
}

# image_layers IMAGE DIRECTORY: saves it and unpacks the archive; prints the paths of the layers' tars in order.
image_layers() {
        local manifest digest
        need jq
        works bryo save --compression none -o "$2.tar" "$1"
        rm -rf "$2"
        mkdir "$2"
        tar -C "$2" -xf "$2.tar"
        digest=$(jq -r '.manifests[0].digest' "$2/index.json")
        manifest=$2/blobs/sha256/${digest#sha256:}
        for digest in $(jq -r '.layers[].digest' "$manifest"); do
                printf '%s\n' "$2/blobs/sha256/${digest#sha256:}"
        done
}

# layer_names IMAGE: the entries of all layers above the first one, one a line.
layer_names() {
        local layer
        for layer in $(image_layers "$1" "$TMPDIR/layers" | tail -n +2); do
                tar -tf "$layer"
        done
}

# in_userns COMMAND...: as root of a user namespace with the subordinate ids, for peers and their files.
in_userns() {
        unshare --map-root-user --map-auto --mount "$@"
}

# plant_file PATH CONTENT: a file, with its parents.
plant_file() {
        mkdir -p "$(dirname "$1")"
        printf '%s\n' "$2" > "$1"
}

# background LOG COMMAND...: starts it in a process group of its own, $pid, with the signals as a terminal's shell leaves them
# (for a script's background commands bash ignores SIGINT).
background() {
        rm -f "$1"
        setsid env --default-signal=INT,QUIT "${@:2}" > "$1" 2>&1 < /dev/null &
        pid=$!
}

# ended: waits for what `background` started; its exit status is left in $status.
ended() {
        status=0
        wait "$pid" 2> /dev/null || status=$?
}

# await TEXT FILE: until the text stands in the file, which a command in the background writes.
await() {
        local tries=${AWAIT_TRIES:-500}
        until grep -qs -- "$1" "$2"; do
                [ $((tries -= 1)) -gt 0 ] || fail "nobody wrote '$1' within ten seconds" file "$(cat "$2")"
                sleep 0.02
        done
}

# test_processes: the command lines of everything that this test started and that still runs, daemons and orphans too:
# they are all below the runner, this script's parent. Other tests may run the same commands at the same time.
test_processes() {
        ps -eo pid=,ppid=,args= | awk -v root="$PPID" '
                { parent[$1] = $2; $2 = ""; line[$1] = $0 }
                END {
                        for (pid in parent) {
                                for (up = pid; up > 1 && up != root; up = parent[up]) {
                                }
                                if (up == root)
                                        print line[pid]
                        }
                }'
}

# assert_gone REGEX: no process of this test has a command line that begins like this, or none within two seconds.
assert_gone() {
        local tries=100 left
        while left=$(test_processes | grep -E -- "^[0-9]+ +$1"); do
                [ $((tries -= 1)) -gt 0 ] || fail "a process is left" processes "$left"
                sleep 0.02
        done
}

# with_faults CALL ERRNO PATH AFTER COMMAND...: runs it on a disk that fails (tests/fixtures/faults.c).
with_faults() {
        need gcc
        [ -e "$TMPDIR/faults.so" ] || gcc -shared -fPIC -O1 -o "$TMPDIR/faults.so" "$BRYO_SOURCE/tests/fixtures/faults.c"
        env ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" LD_PRELOAD="$TMPDIR/faults.so" \
                FAULT_CALL="$1" FAULT_ERRNO="$2" FAULT_PATH="$3" FAULT_AFTER="$4" "${@:5}"
}

# shellcheck disable=SC2034
status=0 output='' errors='' said='' pid=''
