#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ONBUILD: kept as text, here-documents included; run right after FROM, of an image and of a stage; gone from the result.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file context/f one
# ONBUILD.2 stored as text, unexpanded, with its here-documents, and not run where it is written
dockerfile << 'END'
# escape=`
FROM busybox
ARG V=mother
WORKDIR /m
ONBUILD RUN echo "$V ran" > /ran; pwd >> /ran
ONBUILD COPY f `
        /onbuild/
ONBUILD COPY <<A <<"B" /docs/
a: $V
A
b: $V
B
ONBUILD RUN <<EOF
echo shell here-document > /heredoc
EOF
ONBUILD ENV FROM_TRIGGER=$V
ONBUILD CMD ["trigger"]
RUN test ! -e /ran
END
build -t mother
assert_equal "$(image_config mother '.Config.OnBuild | length')" 6
assert_contains "$(image_config mother '.Config.OnBuild[2]')" '<<\"B\" /docs/\na: $V\nA\nb: $V\nB'
works bryo run --rm mother test ! -e /ran -a ! -e /onbuild
# ONBUILD.3 an image's triggers run first, in its WORKDIR and with its variables; ENTRYPOINT leaves their CMD alone
dockerfile << 'END'
FROM mother
RUN test -e /ran
ARG V=child
ENTRYPOINT ["/bin/echo"]
END
build
assert_equal "$(image_run --entrypoint=cat image /ran /heredoc /docs/A /docs/B /onbuild/f)" ' ran
/m
shell here-document
a: 
b: $V
one'
assert_equal "$(image_config image '[.Config.OnBuild, .Config.Cmd, .Config.Entrypoint]')" '[null,["trigger"],["/bin/echo"]]'
# ONBUILD.6 once only: a child of the child runs nothing
printf 'FROM image\nRUN rm /ran\n' | dockerfile
build -t grandchild
works bryo run --rm --entrypoint=test grandchild ! -e /ran

# ONBUILD.4 those of a stage of the same file, in its children only; with --from of a stage that nobody else needs
dockerfile << 'END'
FROM busybox AS tools
RUN echo tool > /tool
FROM busybox AS parent
ENV WHO=parent
ONBUILD COPY --from=tools /tool /tool
ONBUILD RUN echo "$WHO $(cat /tool)" > /who
FROM parent AS child
RUN cat /who
FROM child
RUN cat /who && cp /who /again
END
build
assert_equal "$(image_run image cat /who)" 'parent tool'
assert_equal "$(image_config image '.Config.OnBuild')" null
build --target parent
works bryo run --rm image test ! -e /who -a ! -e /tool
assert_equal "$(image_config image '.Config.OnBuild | length')" 2
# ONBUILD.5 the stage that an image's trigger names is the child's
printf 'FROM busybox\nONBUILD COPY --from=tools /tool /tool\n' | dockerfile
build -t needs-tools
printf 'FROM busybox AS tools\nRUN echo mine > /tool\nFROM needs-tools\n' | dockerfile
build
assert_equal "$(image_run image cat /tool)" mine
# An error in a trigger says whose it is
printf 'FROM busybox\nONBUILD COPY absent /\n' | dockerfile
build -t absent
printf 'FROM absent\nRUN true\n' | dockerfile
build_fails 'ONBUILD of absent:1:6: "absent" not found'
# An ARG of a trigger takes --build-arg
printf 'FROM busybox\nONBUILD ARG GIVEN\nONBUILD RUN echo "$GIVEN" > /given\n' | dockerfile
build -t takes
printf 'FROM takes\n' | dockerfile
build --build-arg GIVEN=7
assert_lacks "$said" 'is not used'
assert_equal "$(image_run image cat /given)" 7
# Everything is cached the second time
build --build-arg GIVEN=7
assert_contains "$said" CACHED
# ONBUILD.1
for trigger in 'ONBUILD RUN true' 'FROM busybox' 'MAINTAINER me'; do
        printf 'FROM busybox\nONBUILD %s\n' "$trigger" | dockerfile
        build_fails "Dockerfile:2:9: "
done
