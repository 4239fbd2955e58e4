#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Dockerfile and ignore file that lead to files of the host, or are no files (CVE-2022-4122, CVE-2022-4123, CVE-2024-9676):
# refused at once, and nothing of what they point at is told.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/host-tree.bash"

base busybox
canary_plant
mkdir -p context/sub
printf 'FROM busybox\nCOPY . /all\n' | dockerfile
cp context/Dockerfile good

# The Dockerfile is a link to a secret: absolute, relative, by way of a directory, by -f
for target in "$CANARY/secret" ../../../../../../../../../../.."$CANARY/secret" "sub/../../$(realpath --relative-to=. "$CANARY")/secret"; do
        ln -sfn "$target" context/Dockerfile
        refuses "Dockerfile"
        refuses "Dockerfile" -f context/Dockerfile
done
rm -f context/Dockerfile
# one inside the context is fine
cp good context/sub/real
ln -s sub/real context/Dockerfile
build
rm context/Dockerfile
# The ignore file, both of them
for name in .dockerignore Dockerfile.dockerignore; do
        cp good context/Dockerfile
        ln -s "$CANARY/secret" "context/$name"
        refuses "is a link that leads to nothing in the context"
        rm "context/$name"
done

# no_file NAME: that name of the context as something else than a file of sensible size: refused within two seconds.
no_file() {
        local kind start
        for kind in fifo socket zero directory huge line; do
                rm -rf "context/$1"
                case $kind in
                fifo) mkfifo "context/$1" ;;
                socket) python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "context/$1" ;;
                zero) ln -s /dev/zero "context/$1" ;;
                directory) mkdir "context/$1" ;;
                huge) truncate -s 10G "context/$1" ;;
                line) head -c 12000000 /dev/zero | tr '\0' x > "context/$1" ;;
                esac
                start=$(date +%s%N)
                capture timeout 20 ./measured bryo build -t image context
                [ "$status" -eq 1 ] || fail "$1 as $kind: exit status $status" errors "$errors"
                assert_less $((($(date +%s%N) - start) / 1000000)) 4000 "milliseconds for $1 as $kind"
                assert_less "$(cat peak)" 400000 "kilobytes of memory for $1 as $kind"
                assert_less "${#errors}" 2000 "the size of the message"
        done
        rm -rf "context/$1"
}
need python3
cat > measured << 'END'
#!/usr/bin/python3
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=open("peak", "w"))
sys.exit(status)
END
chmod +x measured
no_file Dockerfile
cp good context/Dockerfile
no_file .dockerignore
