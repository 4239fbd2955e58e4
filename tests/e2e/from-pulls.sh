#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# FROM, COPY --from, RUN --mount from=, a named context and bryo run pull what the store does not have: once for each name,
# as --pull says. The checks ask for configs only.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need skopeo jq
unset BRYO_PULL
base busybox
works bryo save -o image.tar busybox
registry reg
for name in one two three; do
        works skopeo --insecure-policy copy -q --dest-tls-verify=false oci-archive:image.tar "docker://$registry/$name"
done
works bryo rmi busybox
works bryo prune --all

# blobs: how many blobs the registry was asked for; forgets.
blobs() {
        registry_asked reg | grep -c '^GET .*/blobs/' || true
}
blobs > /dev/null

# The checks read the config, and store nothing of it but that.
dockerfile << END
FROM $registry/one AS a
RUN echo \$PATH
FROM a
COPY --from=$registry/one /etc/passwd /passwd
RUN --mount=from=$registry/two,target=/two cat /two/etc/passwd > /two.txt
COPY --from=named /etc/group /group
END
works bryo build --check context
assert_equal "$(blobs)" 1 "blobs that the checks asked for"
assert_equal "$(ls "$XDG_DATA_HOME/bryo/images")" "" "images that the checks made"

# Three names of one image: its one layer comes once, and the config is there.
build --progress=plain --build-context "named=docker-image://$registry/three"
assert_equal "$(blobs)" 1 "blobs for three names of one image"
assert_contains "$errors" "[internal] load metadata for $registry/one"
assert_contains "$errors" "[a 1/2] FROM $registry/one"
assert_equal "$(grep -c "load metadata for $registry/one" <<< "$errors")" 1 "questions about one"
image_run image cat /two.txt > /dev/null
assert_equal "$(bryo images | grep -c "^$registry/")" 3 "the tags"

# What is here is not asked for, unless --pull says so; then it is one HEAD.
registry_asked reg > /dev/null
build --build-context "named=docker-image://$registry/three"
assert_equal "$(registry_asked reg)" "" "what a build asked that has all it needs"
for flag in --pull --pull=always --pull-always; do
        build "$flag" --build-context "named=docker-image://$registry/three"
        assert_equal "$(registry_asked reg | grep -v '^GET /v2/ ' | LC_ALL=C sort)" "HEAD /v2/one/manifests/latest 200
HEAD /v2/three/manifests/latest 200
HEAD /v2/two/manifests/latest 200" "what $flag asked"
done

# A tag that moved: --pull follows it, missing does not.
dockerfile << END
FROM $registry/moved
END
printf 'FROM %s/one\nLABEL version=1\n' "$registry" > moved.1
sed s/=1/=2/ moved.1 > moved.2
works bryo --root elsewhere build --push -t "$registry/moved" -f moved.1 context
build
assert_equal "$(image_config image .Config.Labels.version)" '"1"'
works bryo --root elsewhere build --push -t "$registry/moved" -f moved.2 context
build
assert_equal "$(image_config image .Config.Labels.version)" '"1"'
build --pull
assert_equal "$(image_config image .Config.Labels.version)" '"2"'

# Never, by flag and by environment.
registry_asked reg > /dev/null
dockerfile << END
FROM $registry/four
END
for flag in --pull=never --pull-never; do
        build_fails "the image $registry/four:latest is not in the store (did you mean $registry/one:latest?), and nothing is to be pulled" "$flag"
done
BRYO_PULL=never build_fails "nothing is to be pulled"
assert_fails 2 "BRYO_PULL=sometimes" env BRYO_PULL=sometimes bryo build context
assert_equal "$(registry_asked reg)" "" "what was asked when nothing was to be"
build_fails "cannot pull $registry/four:latest: $registry has no manifest latest of four"

# A base that is here when the registry is not: --pull fails and says what there is, the default does not ask.
end_servers
dockerfile << END
FROM $registry/one
END
build
build_fails "; the store has one of that name: --pull=missing takes it" --pull --retry 1 --retry-delay 1ms

# bryo run
servers=()
registry again
works skopeo --insecure-policy copy -q --dest-tls-verify=false oci-archive:image.tar "docker://$registry/run"
works bryo run "$registry/run" echo hello
assert_equal "$output" hello
assert_contains "$errors" "pull $registry/run"
works bryo run "$registry/run" echo hello
assert_equal "$errors" ""
assert_fails 1 "no such image" bryo run --pull=never "$registry/absent" true
