# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A directory outside of context, store and image, which a hostile image or mount tries to reach: $canary, with a secret $word in it.

base busybox
canary=$PWD/canary
mkdir "$canary"
word=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
echo "$word" > "$canary/secret"
: > "$canary/victim"
mkdir "$canary/empty"
before=$(find "$canary" -printf '%p %m %s %T@\n' | sort)

# unharmed: nothing in it was changed, and its secret was not told.
unharmed() {
        assert_equal "$(find "$canary" -printf '%p %m %s %T@\n' | sort)" "$before" "the directory outside"
        assert_lacks "$said" "$word"
}

# try [OPTION]...: builds; it may succeed or be refused, but do no harm.
try() {
        capture bryo build --progress=plain -t image "$@" context
        [ "$status" -le 1 ] || fail "exit status $status" errors "$errors"
        said=$output$'\n'$errors
        unharmed
}
