#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The runner itself: it must see failures, time-outs and everything that a test can leave behind.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

plant() {
        printf '#!/bin/sh\n%s\n' "$2" > "$1.sh"
        chmod +x "$1.sh"
}

# judge EXPECTED_STATUS EXPECTED_TEXT OPTION...: the runner's verdict about all that was planted.
judge() {
        local expected=$1 text=$2
        shift 2
        capture "$BRYO_SOURCE/tests/run" --build "$PWD" --jobs 2 --skips "$PWD/skips" "$@" "$PWD"/*.sh
        assert_equal "$status" "$expected" "the runner's exit status"
        assert_contains "$output$errors" "$text"
        rm -f ./*.sh
}

unset CI
: > skips

plant passes 'exit 0'
plant also 'case $HOME in /var/tmp/bryo-tests.*) test -w . && touch "$HOME/x" "$TMPDIR/y" ;; *) exit 1 ;; esac'
judge 0 '2 passed, 0 failed, 0 skipped'

plant passes 'exit 0'
plant fails 'echo the cause; exit 3'
judge 1 '| the cause'
plant fails 'exit 3'
judge 1 'exit status 3'
plant fails 'exit 1'
plant skips 'echo "# skip: no moon"; exit 77'
judge 1 '0 passed, 1 failed, 1 skipped'
plant dies 'kill -SEGV $$'
judge 1 'was ended by SIGSEGV'
plant hangs '# timeout: 1
sleep 1000 & sleep 1000'
judge 1 'took longer than 1 seconds'

plant skips 'echo "# skip: no moon"; exit 77'
judge 0 ': no moon'
plant skips 'echo "# skip: no moon"; exit 77'
judge 1 'skipped where everything must run: no moon' --must-run
echo "$(basename "$PWD")/skips needs the moon" > skips
plant skips 'echo "# skip: no moon"; exit 77'
judge 0 '0 passed, 0 failed, 1 skipped' --must-run
echo "some/test" > skips
plant passes 'exit 0'
judge 1 'stands without a reason'
: > skips

# What the build was configured with decides who runs.
printf '#define BRYO_SANITIZED 1\n' > config.h
plant passes '# not under threads: it has its own
exit 0'
judge 0 '1 passed, 0 failed, 0 skipped'
plant stays '# plain
exit 1'
judge 0 'stays: about the plain build only'
printf '#define BRYO_THREAD_SANITIZED 1\n' >> config.h
plant stays '# not under threads: it has its own
exit 1'
judge 0 'stays: it has its own'
rm config.h

plant daemon 'setsid -f sh -c "exec > /dev/null 2>&1; setsid -f sleep 3210; sleep 0"'
judge 1 '(sleep 3210)'
assert_gone 'sleep 3210'
plant litters 'mktemp -p /var/tmp left-by-runner-test.XXXXXX'
judge 1 'left behind: file /var/tmp/left-by-runner-test.'
rm -f /var/tmp/left-by-runner-test.*
plant reports 'path=${ASAN_OPTIONS#log_path=}; echo heap-use-after-free > "${path%%:*}.1"'
judge 1 'a sanitizer reported'
plant foreign 'mkdir -p "$XDG_DATA_HOME/bryo" && cd "$XDG_DATA_HOME/bryo" && touch f && unshare --map-root-user --map-auto chown 5:5 f'
judge 1 'of uid'

plant fresh 'test ! -e other && touch other'
judge 0 '3 passed, 0 failed, 0 skipped' --repeat 3
judge 1 'no test is called' absent
