#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Which ARG and which ENV counts where: global, in a stage, in stages made from it, in the result.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

env_of() {
        image_config "$1" '.Config.Env' | jq -c 'map(select(startswith("PATH") | not))'
}

base busybox
# A1.1 A1.2 A1.3 A1.4
dockerfile << 'END'
ARG BASE=no-such-image WHERE=linux/no-such-machine SEEN=default GIVEN=default
FROM --platform=$WHERE $BASE
RUN echo "${SEEN-unset} ${GIVEN-unset}" > /before
ARG SEEN GIVEN LATER=stage
RUN echo "${SEEN-unset} ${GIVEN-unset} $LATER" > /behind
END
build --build-arg BASE=busybox --build-arg WHERE=linux --build-arg 'GIVEN=$SEEN ${x:?}' --build-arg LATER=given
assert_equal "$(image_run image cat /before /behind)" $'unset unset\ndefault $SEEN ${x:?} given'
build_fails 'linux/no-such-machine' --build-arg BASE=busybox
build_fails 'no-such-image' --build-arg WHERE=linux

# A2.1 A2.2
dockerfile << 'END'
FROM busybox AS mother
ARG A=arg
ENV E=env
FROM busybox AS stranger
LABEL seen="${A-unset} ${E-unset}"
RUN echo "${A-unset} ${E-unset}" > /stranger
FROM mother
LABEL seen="$A $E"
RUN echo "$A $E" > /child
COPY --from=stranger /stranger /
END
build
assert_equal "$(image_run image cat /child /stranger)" $'arg env\nunset unset'
assert_equal "$(image_config image .Config.Labels.seen)" '"arg env"'
build -t stranger --target stranger
assert_equal "$(image_config stranger .Config.Labels.seen)" '"unset unset"'
# A2.3
id=$(image_id image)
build --build-arg NOBODY=1
assert_contains "$said" "the build argument NOBODY is not used"
assert_equal "$(image_id image)" "$id"

# A3.1 A3.2 A3.3 A3.4
dockerfile << 'END'
FROM busybox
ENV V=base
END
build -t with-env
dockerfile << 'END'
FROM with-env
ARG V=arg
LABEL one=$V
RUN echo "$V" > /one
ENV V=env
LABEL two=$V
RUN echo "$V" > /two
ARG V=again
LABEL three=$V
RUN echo "$V" > /three
END
build
assert_equal "$(image_run image cat /one /two /three)" $'arg\nenv\nagain'
assert_equal "$(image_config image .Config.Labels)" '{"one":"arg","three":"again","two":"env"}'
assert_equal "$(env_of image)" '["V=env"]'
printf 'FROM with-env\nARG V=arg\nRUN true\n' | dockerfile
build
assert_equal "$(env_of image)" '["V=base"]'

# A4.1 A4.2 A4.3
dockerfile << 'END'
FROM busybox
ARG X
LABEL x=${X-unset} given=${X+set}
RUN echo "${X-unset}" > /x
END
build
assert_equal "$(image_run image cat /x) $(image_config image .Config.Labels)" 'unset {"given":"","x":"unset"}'
export X=caller
build
assert_equal "$(image_run image cat /x)" unset
build --build-arg X
assert_equal "$(image_run image cat /x) $(image_config image .Config.Labels)" 'caller {"given":"set","x":"caller"}'
unset X
build --build-arg X
assert_equal "$(image_run image cat /x) $(image_config image .Config.Labels)" 'unset {"given":"","x":"unset"}'
build --build-arg X=
assert_equal "$(image_run image cat /x) $(image_config image .Config.Labels)" ' {"given":"set","x":""}'
