#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# K3.1, K3.2, K3.3, K3.4: what is in the key of a RUN, each input changed alone.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file context/f 1
plant_file secret 1
# first FILE [OPTION]...: builds it; `again` builds and says what became of the last step: hit or miss.
again() {
        build --secret id=s,src=secret "$@"
        if [ "$(grep -c CACHED <<< "$said")" -ge 1 ]; then echo hit; else echo miss; fi
}
# differ EXPECTED SED-EXPRESSION [OPTION]...: the file as changed by the expression, against the file as it was.
default='FROM busybox
RUN --mount=type=cache,target=/c,sharing=shared --mount=type=secret,id=s --mount=source=f,target=/f true
CMD x'
differ() {
        local expected=$1 change=$2
        shift 2
        dockerfile <<< "$default"
        build --secret id=s,src=secret
        sed -i "$change" context/Dockerfile
        assert_equal "$(again "$@" | tail -n1)" "$expected" "the step after: $change $*"
}
differ hit ''
differ miss 's/true/true #/'
differ miss 's/^RUN/ENV A=1\nRUN/'
differ miss 's/^RUN/ARG B=1\nRUN/'
differ hit 's/^RUN/ARG A\nRUN/'
differ hit 's/^RUN/LABEL a=b\nEXPOSE 80\nCMD y\nRUN/'
differ miss 's/^RUN/USER app\nRUN/'
differ miss 's/^RUN/RUN --network=none/'
differ hit 's/^RUN/RUN --network=host/'
differ miss 's/^RUN/SHELL ["\/bin\/sh", "-ec"]\nRUN/'
differ hit 's/sharing=shared/sharing=locked/'
differ miss 's/target=.c,/target=\/d,/'
differ miss 's/target=.c,/target=\/c,id=c,/'
differ miss 's/id=s /id=s,mode=0444 /'
differ miss 's/target=.f /target=\/f,rw /'
differ hit '' --build-arg http_proxy=p
differ miss '' --build-arg BUILDKIT_SANDBOX_HOSTNAME=h
differ miss '' --add-host a:1.1.1.1
differ hit '' --dns 1.1.1.1
differ miss '' --ulimit nofile=50
differ miss '' --shm-size 2m
differ hit '' --label a=b
echo 2 > secret
differ hit ''
build --secret id=s,src=secret --add-host a:1.1.1.1
assert_equal "$(again --add-host a:2.2.2.2 | tail -n1)" hit "the step after another address of a host"
echo 2 > context/f
assert_equal "$(again | tail -n1)" miss "the step after a mounted file changed"
# K3.4: an ARG misses at the first RUN behind it.
default=$'FROM busybox\nRUN true\nARG A\nRUN echo $A'
dockerfile <<< "$default"
build --build-arg A=1
build --build-arg A=2
assert_equal "$(grep -c CACHED <<< "$said")" 1
