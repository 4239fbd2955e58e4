#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A password in a URL (C11.9) is sent where it belongs and is nowhere else: not in what is printed, not in the image, not in the store.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

base busybox
serve web
printf 'content\n' > web/files/f
secret=Pa55phrase

absent() {
        assert_lacks "$said" "$secret"
        if grep -raq "$secret" "$XDG_DATA_HOME/bryo"; then
                fail "the store holds the password" files "$(grep -ral "$secret" "$XDG_DATA_HOME/bryo")"
        fi
}

need=$(printf 'u:%s' "$secret" | base64)
dockerfile << END
FROM busybox
ADD http://u:$secret@127.0.0.1:$port/protected/f?need=Basic%20$need /f
END
build
assert_contains "$said" "ADD http://xxxxx@127.0.0.1:$port/protected/f"
absent
assert_contains "$(output_of bryo history --no-trunc image)" "ADD http://xxxxx@127.0.0.1:$port/protected/f"
works bryo save -o image.tar image
assert_lacks "$(tr -d '\0' < image.tar)" "$secret"

# Errors quote the file: without it, and with the mark at the right place.
sed -i 's,/protected,/status/404,' context/Dockerfile
build_fails "ADD http://xxxxxxxxxxxx@127.0.0.1:$port/status/404"
absent
dockerfile <<< $'FROM busybox\n'"ADD http://u:$secret@127.0.0.1:99999/x /f"
build_fails "is not a URL"
absent
dockerfile <<< $'FROM busybox\n'"ADD https://u:$secret@127.0.0.1:1/repo.git /f"
build_fails "127.0.0.1:1/repo.git"
absent
