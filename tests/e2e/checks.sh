#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The checks of a Dockerfile: --check, --call, the check directive and the warnings of an ordinary build.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox

# warnings [OPTION]...: "LINE RULE" of each, from the JSON.
warnings() {
        need jq
        capture bryo build --call=check,format=json "$@" context
        jq -r '.warnings[] | "\(.location.ranges[0].start.line) \(.ruleName)"' <<< "$output"
}

plant_file context/.dockerignore 'left-out'
dockerfile << 'END2'
ARG BASE
FROM ${BASE:-busybox} AS Build
maintainer Somebody
ENV legacy value
ENV API_TOKEN=x TOKEN_FILE=/x
WORKDIR rel
COPY left-out $NOBODY /x/
EXPOSE 80/TCP 127.0.0.1:81:81
CMD one
CMD ["two"]
FROM busybox as build
RUN true \

    && true
FROM busybox AS scratch
FROM --platform=linux/amd64 busybox AS plain
FROM --platform=$TARGETPLATFORM busybox AS redundant
FROM busybox$NONE AS undeclared
FROM ${BASE} AS empty
END2
# P4.2 L0.8 L1.1 L2.1 L3.1 L4.1 L5.1 L6.1 L7.1 L8.1 L9.1 L10.1 L11.1 L12.1 L13.1 L14.1 L15.1 L16.1 L17.1 L18.1 L20.1 L21.1
assert_equal "$(warnings --build-arg BASE=busybox | sort -u)" '11 DuplicateStageName
11 FromAsCasing
14 NoEmptyContinuation
15 ReservedStageName
16 FromPlatformFlagConstDisallowed
17 RedundantTargetPlatform
18 UndefinedArgInFrom
19 InvalidDefaultArgInFrom
2 StageNameCasing
3 ConsistentInstructionCasing
3 MaintainerDeprecated
4 LegacyKeyValueFormat
5 SecretsUsedInArgOrEnv
6 WorkdirRelativePath
7 CopyIgnoredFile
7 UndefinedVar
8 ExposeInvalidFormat
8 ExposeProtoCasing
9 JSONArgsRecommended
9 MultipleInstructionsDisallowed' 'the warnings'

# What looks like it, and is not.
dockerfile << 'END2'
ARG BASE=busybox
FROM --platform=linux/amd64 ${BASE} AS for-amd64
SHELL ["/bin/sh", "-c"]
CMD one
ENTRYPOINT two
WORKDIR /a
WORKDIR b
ENV PUBLIC_KEY=x HERE=$PATH THERE=${MAYBE:-no}
EXPOSE 80/tcp 81
COPY --from=busybox left-out /
RUN echo $UNKNOWN
HEALTHCHECK CMD true
FROM busybox AS other
CMD ["one"]
END2
# L7.1 L10.1 L11.1 L12.1 L15.1 L17.1 L18.1
assert_equal "$(warnings)" '8 UndefinedVar' 'what is left'

# L4.1: when even, upper case; the majority otherwise. L9.1 L11.1: what is proposed.
dockerfile <<< $'FROM busybox\nrun true'
assert_equal "$(warnings)" '2 ConsistentInstructionCasing'
dockerfile <<< $'from busybox\nrun true\nRUN true'
assert_equal "$(warnings)" '3 ConsistentInstructionCasing'
dockerfile <<< $'ARG VERSION=latest\nFROM busybox:$VERSIN'
capture bryo build --check context
assert_contains "$output" "FROM argument 'VERSIN' is not declared (did you mean VERSION?)"
dockerfile <<< $'FROM busybox\nLABEL at=$PAHT'
capture bryo build --check context
assert_contains "$output" "Usage of undefined variable '\$PAHT' (did you mean \$PATH?)"

# What a base brings that the checks do not know, or that flags bring, is not undefined; and no check stops a build that
# would not stop by itself.
dockerfile <<< $'FROM busybox AS start\nENV TOLD=yes'
build --target start -t telling
dockerfile <<< $'FROM ${X:?which} AS start\nENV a=${TOLD:?told} b=$ALSO'
assert_equal "$(warnings --from telling --env ALSO=1 | grep -v ArgInFrom)" ''
build --from telling --env ALSO=1
dockerfile <<< $'FROM elsewhere\nENV a=${TOLD:?told} b=$TOLD\nEXPOSE $PORT/tcp'
assert_equal "$(warnings)" ''
dockerfile <<< $'FROM elsewhere\nENV a=${TOLD:?told}'
build --build-context elsewhere=docker-image://telling
dockerfile <<< $'FROM busybox\nENV a=${TOLD:?told}'
assert_fails 1 'Dockerfile:2:7: TOLD: told' bryo build --check context

# L0.1: exit status 1 with a warning, 0 without; nothing is built.
dockerfile <<< $'FROM busybox\nCMD one'
capture bryo build --check context
assert_equal "$status" 1 'the exit status with a warning'
assert_equal "$output" 'Check complete, 1 warning has been found!

WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/
JSON arguments recommended for CMD to prevent unintended behavior related to OS signals
Dockerfile:2
--------------------
   1 |     FROM busybox
   2 | >>> CMD one
   3 |     
--------------------' 'what --check prints'
dockerfile <<< $'FROM busybox\nCMD ["one"]'
works bryo build --check context
assert_equal "$output" 'Check complete, no warnings found.'

# L0.7: an ordinary build shows them at its end, with line and rule.
dockerfile <<< $'FROM busybox\nCMD one'
build
assert_contains "$errors" ' - JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals (line 2)'
build --quiet
assert_lacks "$errors" JSONArgsRecommended

# L22.1: a base image for another platform, unless FROM asks for it.
printf 'FROM --platform=linux/s390x scratch\nCOPY Dockerfile /\n' | dockerfile
build -t foreign
dockerfile <<< 'FROM foreign'
assert_equal "$(warnings)" '1 InvalidBaseImagePlatform'
dockerfile <<< $'ARG WANTED=linux/s390x\nFROM --platform=$WANTED foreign'
assert_equal "$(warnings)" ''

# L0.2 L0.3 L0.5 L0.6 L0.11 A7.2 P13.2
dockerfile <<< $'# check=skip=JSONArgsRecommended\nFROM busybox\nCMD one'
assert_equal "$(warnings)" ''
assert_equal "$(warnings --build-arg BUILDKIT_DOCKERFILE_CHECK=error=false)" '3 JSONArgsRecommended'
dockerfile <<< $'FROM busybox AS a\n# check=skip=JSONArgsRecommended\nCMD one\nFROM busybox\nCMD two'
assert_equal "$(warnings)" '5 JSONArgsRecommended'
dockerfile <<< $'# check=error=true\nFROM busybox\nRUN echo ran\nCMD one'
build_fails 'error=true was said; rules: JSONArgsRecommended'
assert_lacks "$said" ran
build --build-arg BUILDKIT_DOCKERFILE_CHECK=skip=all
dockerfile <<< $'# check=skop=x\nFROM busybox'
build_fails "Dockerfile:1:9: there is no check option 'skop'"
assert_fails 2 'there are check, outline, targets' bryo build --call=nothing context

# L0.4 L19.1: an experimental rule is off until it is asked for.
dockerfile <<< $'# what it is\nFROM busybox AS a'
assert_equal "$(warnings)" ''
dockerfile <<< $'# check=experimental=all\n# what it is\nFROM busybox AS a'
assert_equal "$(warnings)" '3 InvalidDefinitionDescription'

# L0.12: what was seen before a line that cannot be read, or before the stages turn out not to fit, is told as well
dockerfile <<< $'FROM busybox as a\nMAINTAINER me\nENV a b\nCPOY x y\nMAINTAINER you'
capture bryo build --check context
assert_equal "$status" 1
assert_equal "$(sed -nE 's/^WARNING: ([A-Za-z]+).*/\1/p' <<< "$output" | tr '\n' ' ')" 'FromAsCasing MaintainerDeprecated LegacyKeyValueFormat '
assert_lacks "$output" 'Check complete'
assert_contains "$errors" 'Dockerfile:4:1: '
capture bryo build --call=check,format=json context
assert_equal "$status" 1
assert_equal "$(jq -c '[[.warnings[].location.ranges[0].start.line], (.buildError.message | startswith("Dockerfile:4:1: "))]' <<< "$output")" '[[1,2,3],true]'
build_fails 'Dockerfile:4:1: '
assert_contains "$said" 'MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 2)'
assert_lacks "$said" '(line 5)'
dockerfile <<< $'# check=skip=FromAsCasing\nFROM busybox as a\nMAINTAINER me\nCOPY --from=b x y\nFROM a AS b'
build_fails 'begins later'
assert_contains "$said" '(line 3)'
assert_lacks "$said" FromAsCasing

# L0.9 L0.10 P13.1
dockerfile << 'END2'
# version of the thing
ARG version=1
# app is the application
FROM busybox AS app
ARG version
RUN --mount=type=secret,id=token,required true
END2
works bryo build --call=outline,format=json context
assert_equal "$(jq -c '[.name, .description, [.args[] | .name, .value, .description], .secrets[0].name, .secrets[0].required]' <<< "$output")" \
        '["app","is the application",["version","1","of the thing"],"token",true]'
works bryo build --call=outline context
assert_contains "$output" 'DESCRIPTION: is the application'
works bryo build --call=targets,format=json context
assert_equal "$(jq -c '.targets[0] | [.name, .default, .description, .base]' <<< "$output")" '["app",true,"is the application","busybox"]'
works bryo build --call=targets context
assert_equal "$output" $'TARGET        DESCRIPTION\napp (default) is the application'

# What a Dockerfile says is shown, and not obeyed, by a terminal.
dockerfile <<< $'# version \e[31mred\aARG\nARG version=\e]0;title\a\nFROM busybox AS app\nARG version\n# x does \e[2Jclear\nFROM busybox AS x\nARG version'
works bryo build --call=targets context
assert_lacks "$output" $'\e'
assert_contains "$output" 'does \x1b[2Jclear'
works bryo build --call=outline context
assert_lacks "$output" $'\e'
assert_lacks "$output" $'\a'
assert_contains "$output" '\x1b]0;title\x07'
