#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What the instructions that change the config alone leave in it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

config() {
        image_config "${2:-image}" ".Config.$1"
}

base busybox
# CMD.1 CMD.2 CMD.3 CMD.4
printf 'FROM busybox\nCMD first\nCMD []\n' | dockerfile
build
assert_equal "$(config Cmd)" '[]'
printf 'FROM busybox\nCMD []\nCMD before\nSHELL ["/bin/sh", "-xc"]\nCMD after\n' | dockerfile
build
assert_equal "$(config Cmd)" '["/bin/sh","-xc","after"]'
image_layers image layers > /dev/null
assert_equal "$(cat layers/blobs/sha256/* 2> /dev/null | grep -ac '"ArgsEscaped":true')" 1
# ENTRYPOINT.1 ENTRYPOINT.2 ENTRYPOINT.3 ENTRYPOINT.4
printf 'FROM busybox\nCMD ["base"]\n' | dockerfile
build -t with-cmd
printf 'FROM with-cmd\nENTRYPOINT ["e"]\n' | dockerfile
build
assert_equal "$(config Cmd) $(config Entrypoint)" 'null ["e"]'
printf 'FROM with-cmd\nCMD ["own"]\nENTRYPOINT ["e"]\n' | dockerfile
build
assert_equal "$(config Cmd)" '["own"]'
printf 'FROM busybox AS p\nCMD ["parent"]\nFROM p\nENTRYPOINT ["e"]\n' | dockerfile
build
assert_equal "$(config Cmd)" null
printf 'FROM with-cmd\nENTRYPOINT ["e"]\nENTRYPOINT []\n' | dockerfile
build
assert_equal "$(config Entrypoint)" '[]'
# ENV.1 D6.2 LABEL.1 LABEL.2
dockerfile << 'END'
FROM busybox AS up
LABEL from=up
FROM busybox
ENV Z=1 A=2 M=3
ENV A=changed N=4 Z=again
LABEL l=file
COPY --from=up /etc/passwd /p
END
build --label l=flag
assert_equal "$(config Env | jq -c 'map(select(startswith("PATH") | not))')" '["Z=again","A=changed","M=3","N=4"]'
assert_equal "$(config Labels)" '{"l":"flag"}'
printf 'FROM image\n' | dockerfile
build -t child
assert_equal "$(config Labels child)" '{"l":"flag"}'
# EXPOSE.1 EXPOSE.2 EXPOSE.3 EXPOSE.4 D6.3
printf 'FROM busybox\nARG P=9000-9001\nEXPOSE 80 53/UDP 7-8/sctp 127.0.0.1:81:82/tcp $P\n' | dockerfile
build
assert_equal "$(config 'ExposedPorts | keys' | jq -c sort)" '["53/udp","7/sctp","8/sctp","80/tcp","82/tcp","9000/tcp","9001/tcp"]'
for port in 0x50 70000 9-8 80/icmp x; do
        printf 'FROM busybox\nEXPOSE %s\n' "$port" | dockerfile
        build_fails "Dockerfile:2:8: "
done
# VOLUME.1 VOLUME.2
printf 'FROM busybox\nVOLUME /v\nRUN test ! -e /v && mkdir /v && echo kept > /v/f\n' | dockerfile
build
assert_equal "$(config Volumes) $(image_run image cat /v/f)" '{"/v":{}} kept'
printf 'FROM busybox\nVOLUME /v\n' | dockerfile
build
works bryo run --rm image test ! -e /v
# USER.1 the text is kept; nobody looks the user up before a RUN
printf 'FROM busybox\nARG U=nobody-here\nUSER $U:staff\nCOPY Dockerfile /\n' | dockerfile
build
assert_equal "$(config User)" '"nobody-here:staff"'
printf 'RUN true\n' >> context/Dockerfile
build_fails 'nobody-here'
# WORKDIR.3 WORKDIR.4
printf 'FROM busybox\nWORKDIR /\n' | dockerfile
build
assert_equal "$(image_layers image layers | wc -l)" 1
printf 'FROM busybox\nWORKDIR /gone\nRUN rmdir /gone\n' | dockerfile
build -t without
printf 'FROM without\nCOPY Dockerfile /\n' | dockerfile
build
works bryo run --rm -w / image test ! -e /gone
# STOPSIGNAL.1
for signal in SIGTERM quit 9 RTMIN+3; do
        printf 'FROM busybox\nSTOPSIGNAL %s\n' "$signal" | dockerfile
        build
        assert_equal "$(config StopSignal)" "\"$signal\""
done
printf 'FROM busybox\nSTOPSIGNAL SIGHURZ\n' | dockerfile
build_fails "Dockerfile:2:12: "
# HEALTHCHECK.1 HEALTHCHECK.2 HEALTHCHECK.3
printf 'FROM busybox\nHEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=0 --start-interval=1ms --retries=4 CMD ["a", "b"]\n' | dockerfile
build -t healthy
assert_equal "$(config Healthcheck healthy)" \
        '{"Interval":90000000000,"Retries":4,"StartInterval":1000000,"Test":["CMD","a","b"],"Timeout":1500000000}'
printf 'FROM busybox\nHEALTHCHECK CMD a | b\n' | dockerfile
build
assert_equal "$(config Healthcheck)" '{"Test":["CMD-SHELL","a | b"]}'
printf 'FROM healthy\nHEALTHCHECK NONE\n' | dockerfile
build
assert_equal "$(config Healthcheck)" '{"Test":["NONE"]}'
printf 'FROM busybox\nHEALTHCHECK --interval=1us CMD true\n' | dockerfile
build_fails "Dockerfile:2:"
# HEALTHCHECK.4 in the OCI config that other tools get
printf 'FROM healthy\nSHELL ["/bin/sh", "-c"]\nONBUILD RUN true\n' | dockerfile
build
image_layers image layers > /dev/null
for key in Healthcheck Shell OnBuild; do
        assert_equal "$(cat layers/blobs/sha256/* | grep -ac "\"$key\":")" 1 "the configs that have $key"
done
# SHELL.1 SHELL.2 D6.1
printf 'FROM busybox\nSHELL /bin/sh -c\n' | dockerfile
build_fails "Dockerfile:2:"
printf 'FROM busybox AS s\nSHELL ["/bin/echo", "through"]\nFROM s\nRUN %s\nENTRYPOINT e x\n' 'a  $PATH' | dockerfile
build
assert_contains "$said" 'through a  $PATH'
assert_equal "$(config Entrypoint)" '["/bin/echo","through","e x"]'
# MAINTAINER.1
printf 'FROM busybox\nMAINTAINER A. Author <a@example.org>\n' | dockerfile
build
assert_equal "$(image_config image '.Author // .author')" '"A. Author <a@example.org>"'
