#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The account files that --chown looks names up in may be anything: C6.4.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file context/f x
# after COMMAND: a file that makes /etc/passwd with it and then copies for a user of it.
after() {
        printf 'FROM busybox\nRUN rm /etc/passwd && %s\nCOPY --chown=moss f /f\n' "$1" | dockerfile
}
line='moss:x:41:42::/:/bin/sh'
# links, absolute and through the top, stay inside
after "mkdir /a && echo $line > /a/p && ln -s /a/p /etc/passwd"
build
assert_equal "$(image_run image stat -c %u:%g /f)" 41:42
after "echo $line > /p && ln -s ../../../../../../../../p /etc/passwd"
build
assert_equal "$(image_run image stat -c %u:%g /f)" 41:42
# a file of the host is none of the image
echo "$line" > outside
after "ln -s $PWD/outside /etc/passwd"
build_fails 'Dockerfile:3:6: '
assert_contains "$errors" moss
# no regular file: nobody waits for a pipe's writer
after 'mkfifo /etc/passwd'
build_fails '/etc/passwd'
after 'mkdir /etc/passwd'
build_fails '/etc/passwd'
after 'ln -s passwd /etc/passwd'
build_fails '/etc/passwd'
# too large to be one
after "echo $line > /etc/passwd && truncate -s 4G /etc/passwd"
build_fails '/etc/passwd'
after "echo $line > /etc/passwd"
build
