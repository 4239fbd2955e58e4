#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --on-error=shell: a shell in the files of the failed step, with its mounts; never asked for in a pipe.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need python3
base busybox
dockerfile << 'END'
FROM busybox
WORKDIR /at
RUN --mount=type=secret,id=s,target=/s touch made; PS1='? '; false
END
echo hush > secret
build_fails "exit status 1" --on-error=shell --secret id=s,src=secret
assert_contains "$said" "--on-error=shell needs a terminal"

cat > terminal.py << 'END'
import os, pty, select, sys, time
lines = sys.stdin.read().splitlines()
pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen, deadline = b"", time.monotonic() + 30
while time.monotonic() < deadline:
    if not select.select([master], [], [], 0.1)[0]:
        continue
    try:
        seen += os.read(master, 4096)
    except OSError:
        break
    if lines and seen.removesuffix(b"\x1b[6n").endswith(b"# "):
        seen += b"\n"
        os.write(master, lines.pop(0).encode() + b"\r")
else:
    os.kill(pid, 9)
_, status = os.waitpid(pid, 0)
sys.stdout.write(seen.decode(errors="replace").replace("\r\n", "\n"))
print("status", os.waitstatus_to_exitcode(status))
END
works python3 terminal.py bryo build -t image --on-error=shell --secret id=s,src=secret context << 'END'
pwd; ls; cat /s; tty
exit 5
END
assert_contains "$output" "a shell in the files of the failed step"
assert_matches "$output" '/at'
assert_contains "$output" made
assert_contains "$output" hush
assert_contains "$output" /dev/pts/
assert_contains "$output" "exit status 1"
assert_contains "$output" "status 1"
assert_lacks "$(output_of bryo image ls)" image
