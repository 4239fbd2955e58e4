#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A build on a terminal that is ended: by Ctrl-C, a signal, the terminal going away, with commands that detach themselves, ignore
# signals or fork for ever. It ends within two seconds, by that signal, with nothing left behind it, and the screen is in order.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need python3
python3 -c 'import pyte' 2> /dev/null || skip "python3-pyte is missing (tools/setup test installs it)"
export TERM=xterm
base busybox
nap=5$$

# ends STATUS SCRIPT-LINE
ends() {
        local expected=$1
        printf 'await started\npause 0.15\n%s\n' "$2" > script
        works python3 "$BRYO_SOURCE/tests/fixtures/screen.py" 24 80 bryo build -t image context < script
        assert_contains "$output" "status $expected"
        assert_lacks "$output" "the modes of the terminal"
        assert_less "$(sed -nE 's/^seconds ([0-9]+)\.([0-9]*)$/\1\2/p' <<< "$output" | sed 's/^0*//; s/^$/0/')" 200 "hundredths of a second until it ended"
        assert_gone "sleep $nap"
        assert_gone '(/bin/)?sh /chain'
        assert_lacks "$(output_of bryo image ls)" image
}

# left_in_order: the last frame is gone, what was done and how it ended stays, the cursor is to be seen
left_in_order() {
        assert_equal "$(lines_with '^\[\+\] Building .*CANCELED$' screen | wc -l) $(lines_with '=> =>' screen | wc -l)" "1 0" "rows of the summary and of output"
        assert_contains "$(tail -c 200 raw)" $'\033[?25h'
        assert_equal "$(tr -d '\r' < raw | grep -o $'\033\\[?25[lh]' | tail -n 1)" $'\033[?25h'
}

# An ordinary command, one that detaches itself twice, one that ignores what can be ignored.
dockerfile << END
FROM busybox AS one
RUN echo started; sleep $nap
FROM busybox AS two
RUN setsid sh -c 'setsid sleep $nap & exit' & trap '' INT TERM HUP QUIT; sleep $nap & sleep $nap; sleep $nap
FROM busybox
COPY --from=one /a /
COPY --from=two /b /
END
ends -2 'type \x03'
left_in_order
ends -15 'signal TERM'
left_in_order
ends -1 'signal HUP'
left_in_order
ends -1 hangup
ends -9 'signal KILL'

# A command that forks for ever: each process starts the next one and ends. Whoever kills one by one never has the last.
dockerfile << 'END'
FROM busybox
RUN printf '#!/bin/sh\nsleep 0.01\n/chain &\n' > /chain && chmod 755 /chain
RUN /chain & /chain & echo started; sleep 10; exit 1
END
ends -2 'type \x03'
left_in_order
ends -15 'signal TERM'
ends -1 hangup
ends -9 'signal KILL'

# A terminal that is stopped (Ctrl-S) does not keep the build from ending.
ends -15 $'type \\x13\npause 0.3\nsignal TERM'

# A signal that was ignored when the build began stays so (nohup).
printf 'FROM busybox\nRUN echo started; sleep 1\n' > context/Dockerfile
printf 'await started\nsignal HUP\n' > script
works python3 "$BRYO_SOURCE/tests/fixtures/screen.py" 24 80 sh -c 'trap "" HUP; exec bryo build -t image context' < script
assert_contains "$output" "status 0"
