#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The flags of build about its commands.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
RUN grep -E 'db|gate|six' /etc/hosts; df -k /dev/shm | tail -n1; ulimit -n; ulimit -Hn; grep -E 'CapBnd' /proc/self/status; cat /etc/resolv.conf; ip -o link | wc -l
END
build --add-host db:10.0.0.7 --add-host gate=host-gateway --add-host six:[::2] --shm-size 1m --ulimit nofile=100:200 \
        --cap-drop ALL --cap-add CAP_CHOWN --dns 10.9.8.7 --dns-search moss.example --dns-option ndots:3 --network none
assert_contains "$said" $'10.0.0.7\tdb'
assert_contains "$said" $'127.0.0.1\tgate'
assert_contains "$said" $'::2\tsix'
assert_matches "$said" 'shm +1024'
assert_matches "$said" ' 100'$'\n''#. [0-9.]+ 200'
assert_contains "$said" 0000000000000001
assert_contains "$said" "nameserver 10.9.8.7"
assert_contains "$said" "search moss.example"
assert_contains "$said" "options ndots:3"
assert_matches "$said" ' 1'$'\n' # RUN.14: --network says what default is
dockerfile << 'END'
FROM busybox
RUN --network=host ip -o link | wc -l > /n
RUN cat /etc/hosts /etc/resolv.conf || true
END
build --network none
[ "$(image_run image cat /n)" -ge 1 ]
build --no-hosts --dns none --no-cache
assert_lacks "$said" buildkitsandbox

# --volume: read-only, or with O a copy that is thrown away.
plant_file certs/ca.pem certificate
plant_file certs/one own
dockerfile << 'END'
FROM busybox
RUN cat /etc/ssl/ca.pem /one; echo x 2>&1 > /etc/ssl/new || true
END
build -v "$PWD/certs:/etc/ssl:ro" --volume "$PWD/certs/one:/one"
assert_contains "$said" certificate
assert_contains "$said" " own"
assert_contains "$said" "Read-only file system"
build -v "$PWD/certs:/etc/ssl:z,O" -v "$PWD/certs/one:/one"
assert_lacks "$said" "Read-only"
assert_equal "$(ls certs)" $'ca.pem\none'
assert_lacks "$(layer_names image)" etc/ssl

# wrong ARGUMENT... TEXT: a wrong command line.
wrong() {
        assert_fails 2 "${!#}" bryo build "${@:1:$#-1}" context
}
wrong --add-host 'a:1.2.3.4 evil' 'write --add-host NAME:ADDRESS'
wrong --add-host $'a\nb:1.2.3.4' 'write --add-host NAME:ADDRESS'
wrong --ulimit nofiles=3 'did you mean nofile?'
wrong --ulimit nofile=5:3 'above the hard one'
wrong --cap-add FLY 'there is no such capability'
wrong --shm-size big 'write a size'
wrong --dns 300.1.1.1 'no address'
wrong --dns-search $'a\nnameserver 1.1.1.1' 'cannot stand in resolv.conf'
wrong --network bridge 'there are default and host'
wrong --on-error ask '--on-error is shell or fail'
wrong --volume relative 'write --volume'
assert_fails 1 "never writes to the host" bryo build -v "$PWD/certs:/c:rw" context
assert_fails 1 "hard limit cannot be raised" bryo build --ulimit nofile=-1:-1 context
