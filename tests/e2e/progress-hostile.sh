#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# G3 of the threats: nothing that a command, a file name, a label or a Dockerfile says is obeyed by the terminal or can be taken for a
# line of the build's own. A pty sees only the sequences that bryo itself writes.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need python3
python3 -c 'import pyte' 2> /dev/null || skip "python3-pyte is missing (tools/setup test installs it)"
export TERM=xterm

# Only: colours of ours, erase, up, cursor on and off.
assert_clean() {
        python3 - "$1" << 'END' || fail "the terminal got what it must not get" command "$2" raw "$(cat -v raw)"
import re, sys, unicodedata
raw = open(sys.argv[1], "rb").read()
text = re.sub(rb"\x1b\[(0|2|31|33|34)m|\x1b\[J|\x1b\[\d+A|\x1b\[\?25[lh]", b"", raw).decode("utf-8")  # strict
bad = {hex(ord(c)) for c in text if c not in "\r\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")}
# a carriage return of ours is at the start of a frame or before a newline
sys.exit("%s" % bad if bad or "\x1b" in text else 0)
END
}

base busybox
cat > payload << 'END'
printf 'OSC52 \033]52;c;ZXZpbA==\007 OSC0 \033]0;title\033\\ ask \033[6n c1 \2336n utf8c1 \302\2336n'
printf ' cr \r#9 DONE 0.0s\r\n bidi \342\200\256gpj.exe bad \377\300\257 clear \033[2J\033[H bs \b\b\b vt \v ff \f so \016'
printf '\n#1 DONE 0.0s\n => [stage-0 9/9] RUN forged\n'
END
mkdir -p context/files
cp payload context/payload
: > context/files/$'name\033]0;file\007\r\n#3 CACHED\302\233'
dockerfile << 'END'
FROM busybox
COPY payload /
RUN sh /payload; sleep 0.3; sh /payload >&2
COPY files /files
RUN echo 'title ]0;x [6n ‮ end'
RUN sh /payload; exit 4
END
for mode in tty plain; do
        works python3 "$BRYO_SOURCE/tests/fixtures/screen.py" 40 120 bryo build --progress="$mode" --label $'l\033]0;label\007=1' context < /dev/null
        assert_contains "$output" "status 1"
        assert_clean raw "$mode"
        assert_equal "$(lines_with '^#1 DONE' screen | wc -l)" "$([ "$mode" = tty ] && echo 0 || echo 1)" "lines like the first step's end ($mode)"
        assert_equal "$(lines_with '^ => \[stage-0 9|^#9' screen)" "" "the lines that a command forged ($mode)"
done
assert_contains "$(cat screen)" 'OSC52 ^[]52;c;ZXZpbA==^G OSC0 ^[]0;title^[\ ask ^[[6n c1 \x9b6n utf8c1 \u009b6n'
assert_contains "$(cat screen)" '\u202egpj.exe bad \xff\xc0\xaf clear ^[[2J^[[H'

# Messages quote files: a Dockerfile that is no Dockerfile, a file that is not there.
printf 'FROM busybox\nCOPY \033]0;title\007\302\233\342\200\256nowhere /\n' > context/Dockerfile
works python3 "$BRYO_SOURCE/tests/fixtures/screen.py" 40 120 bryo build context < /dev/null
assert_contains "$output" "status 1"
assert_contains "$(cat screen)" nowhere
assert_clean raw missing
printf 'FROM busybox\nrun\033]0;title\007 x\n' > context/Dockerfile
works python3 "$BRYO_SOURCE/tests/fixtures/screen.py" 40 120 bryo build context < /dev/null
assert_contains "$output" "status 1"
assert_clean raw unknown
