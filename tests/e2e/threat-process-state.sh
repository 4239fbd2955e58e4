#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# GUARD.12: threads share a umask and a working directory: while eight stages write files of all modes side by side,
# neither ever changes.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need python3
base busybox
mkdir -p context/tree
for i in $(seq 300); do echo "$i" > "context/tree/$i"; done
chmod 000 context/tree/1; chmod 4777 context/tree/2; chmod u+r context/tree/1
{
        for i in $(seq 8); do printf 'FROM busybox AS s%d\nCOPY --chmod=0%d77 tree /t\nRUN umask 0%d7 && mkdir /made && touch /made/x\n' "$i" $((i % 8)) $((i % 8)); done
        echo 'FROM scratch'
        for i in $(seq 8); do echo "COPY --from=s$i /t /$i"; done
} > context/Dockerfile
umask 027
cat > sample.py << 'END'
# Starts the command and reads the umask and working directory of it until it ends; prints each value that was seen.
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
seen, samples = set(), 0
while child.poll() is None:
    try:
        status = open("/proc/%d/status" % child.pid).read()
        where = os.readlink("/proc/%d/cwd" % child.pid)
        # before execve it is still ourselves
        if os.path.basename(os.readlink("/proc/%d/exe" % child.pid)) == "bryo":
            seen.add((status.split("Umask:\t")[1].split("\n")[0], where))
            samples += 1
    except (OSError, IndexError):
        pass
print(child.returncode, samples > 20, *sorted(seen))
END
works python3 -I -S sample.py "$BRYO" build --jobs 8 -t image -o out context
assert_equal "$output" "0 True ('0027', '$PWD')" "exit status, whether it was looked at often, and what was seen"
# ... and the umask has no part in what was written into the image.
assert_equal "$(stat -c %a out/1/1)" 177
