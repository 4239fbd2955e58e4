#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The progress on a terminal, as an emulated one shows it: live rows, folded steps, a summary; at several widths, and
# right again after the window was made narrower, wider, lower or higher, by terminals that cut and by those that wrap.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need python3
python3 -c 'import pyte' 2> /dev/null || skip "python3-pyte is missing (tools/setup test installs it)"
export TERM=xterm

# screen ROWS COLUMNS [OPTION]...: builds; the script is standard input.
screen() {
        works python3 "$BRYO_SOURCE/tests/fixtures/screen.py" "$1" "$2" bryo build -t image "${@:3}" context
        assert_contains "$output" "status 0"
}

# rows REGEX FILE: how many rows match
rows() {
        lines_with "$1" "$2" | wc -l
}

# Steps last until the test ends their sleep, which only this test has.
nap="sleep 1$$"
go="do until pkill -x -f '$nap'; do sleep 0.05; done"

base busybox
dockerfile << END
FROM busybox AS one
RUN echo quick
RUN for i in 1 2 3 4 5 6 7 8 9; do echo "line \$i of one 日本語日本語日本語日本語日本語日本語日本語"; done; printf 'a\r50%%\r99%%'; $nap || true
FROM busybox AS two
RUN echo only two; $nap || true
FROM busybox
COPY --from=one /etc/passwd /1
COPY --from=two /etc/passwd /2
ARG WORD
RUN echo "\$WORD"
END

# While two steps run: a header, the steps, and the end of what each said.
for width in 30 79 200; do
        screen 24 "$width" --no-cache --jobs 4 << END
await 99%
await only two
pause 0.22
rows 5 ^ => => line
show middle
$go
END
        assert_equal "$(grep -A 1 '^\[+\] Building [0-9.]*s (3/9)$' middle | cut -c 1-14 | tail -n 1 | sed 's/\[.*/[/')" ' => [' "the row below the header of $width columns"
        assert_equal "$(rows '^ => => only two$' middle)" 1 "rows of the output of a step"
        assert_equal "$(rows '^ => => line [5-9] of one' middle) $(rows '^ => => line [1-4] of one' middle)" "5 0" "rows of the window"
        assert_equal "$(rows '^ => => 99%$' middle)" 1 "what the line without an end shows"
        assert_equal "$(rows '^ => \[(one|two)' middle)" 5 "rows of steps"
        assert_equal "$(tail -n 1 middle)" "" "the last row"
        assert_less "$(lines_with '^( =>|\[\+\])' middle | LC_ALL=C.UTF-8 wc -L)" "$width" "the longest row of ours"
        # Afterwards: each step with its time, the summary, nothing of the live rows.
        assert_equal "$(rows '^ => \[' screen) $(rows '=> =>' screen) $(rows '^\[\+\]' screen)" "9 0 1" "rows in the end"
        assert_equal "$(rows '^\[\+\] Building [0-9.]*s \(9/9\) FINI' screen)" 1 "the summary"
        [ "$width" -eq 30 ] || assert_equal "$(rows '^ => .* [0-9.]+s$' screen)" 9 "rows with a time"
        assert_contains "$(cat screen)" "named image"
        grep -q $'\033\\[34m' raw || fail "there are no colours"
done

# All cached: folded, and what is not is shown.
screen 16 80 < /dev/null
assert_equal "$(rows '^ => CACHED \[one 2-3/3\]$' screen) $(rows 'CACHED \[stage-2 2-4/4\]' screen) $(rows '^ => CACHED \[two 2/2\] RUN echo only' screen)" "1 1 1"
assert_equal "$(rows '9/9, 6 cached\) FINISHED' screen)" 1
screen 16 80 --build-arg WORD=new < /dev/null
assert_equal "$(rows '^ => CACHED \[stage-2 2-3/4\]$' screen) $(rows '^ => \[stage-2 4/4\] RUN echo' screen)" "1 1"

# The window changes while rows are live: the next frame is right, and nothing of the old ones is left.
for how in wrap crop; do
        screen 20 100 --no-cache --jobs 4 << END
await 99%
await only two
resize 20 50 $how
pause 0.22
rows 5 ^ => => line
show narrow
resize 9 40 $how
pause 0.22
rows 1 ^ => => line
show low
resize 30 120 $how
pause 0.22
rows 5 ^ => => line
show high
$go
END
        for part in narrow low high; do
                assert_equal "$(rows '^\[\+\] Building' "$part")" 1 "headers after a change ($part, $how)"
                assert_equal "$(rows '^ => \[one 3/3\]' "$part") $(rows '^ => \[two 2/2\]' "$part")" "1 1" "the steps after a change ($part, $how)"
                assert_equal "$(rows '^ => => only two$' "$part")" 1 "the output after a change ($part, $how)"
        done
        assert_equal "$(rows '^ => => line' low)" 1 "the lines on a low screen"
        assert_equal "$(rows '^ => => line' high)" 5 "the lines on a high screen"
        assert_equal "$(rows '=> =>' screen) $(rows '^\[\+\] Building' screen)" "0 1" "what is left in the end ($how)"
done

# A failure, a warning and what was stopped for it.
dockerfile bad << END
FROM busybox AS one
RUN sleep 6$$
FROM busybox AS two
RUN $nap || true; echo last words; exit 3
FROM busybox
COPY --from=one /etc/passwd /1
COPY --from=two /etc/passwd /2
END
works python3 "$BRYO_SOURCE/tests/fixtures/screen.py" 24 80 bryo build -f context/bad --build-arg UNUSED=1 context << END
await [one 2/2]
await [two 2/2]
$go
END
assert_contains "$output" "status 1"
assert_equal "$(rows '^ => ERROR \[two 2/2\]' screen) $(rows '^ => CANCELED \[one 2/2\]' screen) $(rows '^warning: .*UNUSED' screen)" "1 1 1"
assert_equal "$(rows '^\[\+\] Building .*FAILED' screen) $(rows '^  \| last words$' screen)" "1 1"

# Without colours, on a dumb terminal, and by its other names.
printf 'FROM busybox\nRUN echo quick\n' > context/Dockerfile
NO_COLOR=1 screen 16 80 --no-cache < /dev/null
assert_equal "$(rows '^\[\+\] Building' screen) $(lines_with $'\033\\[[0-9;]*m' raw | wc -l)" "1 0"
TERM=dumb screen 16 80 < /dev/null
assert_equal "$(rows '^\[\+\]' screen) $(rows '^#2 CACHED$' screen) $(tr -dc '\033' < raw | wc -c)" "0 1 0"
BUILDKIT_PROGRESS=plain screen 16 80 < /dev/null
assert_equal "$(rows '^#2 CACHED$' screen)" 1
BUILDKIT_PROGRESS=plain screen 16 80 --progress=auto < /dev/null
assert_equal "$(rows '^\[\+\] Building' screen)" 1
screen 16 80 --progress=tty < /dev/null
assert_equal "$(rows '^\[\+\] Building' screen)" 1
screen 16 80 -q < /dev/null
assert_matches "$(cat screen)" '^sha256:[0-9a-f]{64}$'
