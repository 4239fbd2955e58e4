#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Which parts of which instructions the builder expands, and which it leaves alone.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

config() {
        image_config image ".Config.$1"
}

base busybox
plant_file context/src/a.x ax
plant_file context/src/b.y by
plant_file 'context/src/$LITERAL' literal

# E3.1 E3.2 E3.3 E3.5 E3.6
dockerfile << 'END'
FROM busybox
ARG N=src ID=7 MODE=0751
ARG DEFAULT=from-${N}
ENV PORTS="80 81/udp" D=/made
ENV E_$N="in $DEFAULT"
LABEL l.$N=$DEFAULT
COPY --chown=$ID:8 --chmod=$MODE $N/a.x $D/copied
ADD --chown=$ID:8 --chmod=$MODE ["$N/b.y", "$D/added"]
EXPOSE $PORTS
STOPSIGNAL SIG${SIG:-HUP}
VOLUME $D/v
VOLUME ["$D/w"]
WORKDIR /$N/$ID
USER $ID:$ID
END
build
assert_equal "$(image_run image stat -c '%n %u:%g %a' /made/copied /made/added)" $'/made/copied 7:8 751\n/made/added 7:8 751'
assert_equal "$(config Env | jq -c 'map(select(startswith("E_")))')" '["E_src=in from-src"]'
assert_equal "$(config Labels)" '{"l.src":"from-src"}'
assert_equal "$(config 'ExposedPorts | keys' | jq -c sort)" '["80/tcp","81/udp"]'
assert_equal "$(config StopSignal) $(config WorkingDir) $(config User)" '"SIGHUP" "/src/7" "7:7"'
assert_equal "$(config 'Volumes | keys' | jq -c sort)" '["/made/v","/made/w"]'

# E3.4 FROM takes what stands in front of the first FROM, whatever the stages say. E5.2 ARG goes word by word.
dockerfile << 'END'
ARG FIRST=busy BASE=${FIRST}box
FROM $BASE AS one
ARG BASE=nothing-of-this-name
ARG A=1 B=$A
RUN echo "$A$B" > /args
FROM ${BASE} AS two
COPY --from=one /args /
END
build
assert_equal "$(image_run image cat /args)" 11
printf 'FROM busybox\nARG ONLY=busybox\nFROM $ONLY\n' | dockerfile
build_fails 'Dockerfile:3:6: the base image $ONLY is empty'

# E3.8 a trigger is stored as it was written and sees the variables of the child
printf 'FROM busybox\nENV W=old\nONBUILD LABEL l=$W\nENV W=new\n' | dockerfile
build -t mother
assert_equal "$(image_config mother '.Config.OnBuild')" '["LABEL l=$W"]'
printf 'FROM mother\n' | dockerfile
build
assert_equal "$(config Labels)" '{"l":"new"}'

# E3.9 E3.10 what a shell expands, and what nobody does
dockerfile << 'END'
FROM busybox
ENV X=seen
MAINTAINER $X
RUN ["/bin/echo", "exec $X"]
RUN echo 'shell $X'
CMD ["c", "$X"]
ENTRYPOINT e $X
HEALTHCHECK CMD h $X
SHELL ["/bin/$X", "-c"]
END
build
assert_contains "$said" ' exec $X'
assert_contains "$said" ' shell $X'
assert_equal "$(config Cmd) $(config 'Entrypoint[-1]') $(config 'Healthcheck.Test[-1]')" '["c","$X"] "e $X" "h $X"'
assert_equal "$(image_config image '.Author // .author')" '"$X"'
image_layers image layers > /dev/null
assert_equal "$(cat layers/blobs/sha256/* | grep -acF '"Shell":["/bin/$X","-c"]')" 1 "the configs with the literal shell"

# E4.3
dockerfile << 'END'
FROM busybox
ARG LITERAL=*.x
COPY --exclude=$LITERAL src /excluded
COPY <<$LITERAL /delimited
body
$LITERAL
END
build
assert_equal "$(image_run image sh -c 'ls /excluded; cat /delimited')" $'a.x\nb.y\nbody'
printf 'FROM busybox\nARG L=true\nCOPY --link=$L src /s\n' | dockerfile
build_fails 'Dockerfile:3:6: '
printf 'FROM busybox\nARG L=none\nRUN --network=$L true\n' | dockerfile
build_fails 'Dockerfile:3:5: '

# E6.1 E6.2 E6.3: the escape character of a body is the backslash, here too
dockerfile << 'END'
# escape=`
FROM busybox
ENV X=seen
COPY <<EOF /body
"$X" '$X' \$X a\b `$X`
EOF
RUN <<EOF
echo '$X' > /run
EOF
END
build
assert_equal "$(image_run image cat /body /run)" $'"seen" \'seen\' $X ab `seen`\n$X'
