#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What the parent did to signals: ignored ones are handed on, and so are blocked ones. bryo works all the same, and its
# commands begin with every signal as it is by default.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need python3
base busybox
# after NUMBERS COMMAND...: with these signals ignored, and blocked, too, but for SIGCHLD.
after() {
        python3 -c '
import os, signal, sys
for number in map(int, sys.argv[1].split()):
    signal.signal(number, signal.SIG_IGN)
    if number != signal.SIGCHLD:
        signal.pthread_sigmask(signal.SIG_BLOCK, [number])
os.execvp(sys.argv[2], sys.argv[2:])' "$@"
}

# 1, 2, 15: HUP, INT, TERM; 13: PIPE; 17: CHLD, without which nobody can wait for a child. The shell that is killed is a
# child: the first process of a pid namespace is deaf.
dockerfile << 'END'
FROM busybox
RUN for s in HUP INT TERM PIPE; do sh -c "kill -$s \$\$; true"; echo "$s $?"; done > /ends
END
works after '1 2 13 15 17' bryo build -q -t image context
assert_equal "$(image_run image cat /ends)" $'HUP 129\nINT 130\nTERM 143\nPIPE 141'

# A limit on the size of files is an error that is told, not the end by a signal.
dockerfile << 'END'
FROM busybox
RUN dd if=/dev/zero of=/big bs=1M count=4
END
limited() {
        (ulimit -f 1024 && exec bryo build --progress=plain context)
}
assert_fails 1 'RUN dd' limited
assert_contains "$errors" 'File too large'
