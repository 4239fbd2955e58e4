#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The slips of the Korean seed, each apart: the error a user would want, with its line.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox

# An image name in capitals is no reference; the lower-case one may be meant.
dockerfile << 'END'
FROM DIAMOL/BASE AS BUILD-STAGE
run ECHO 'Building...' > build.txt
END
build_fails "DIAMOL/BASE"
assert_contains "$errors" "Dockerfile:1"
assert_contains "$errors" "diamol/base"

# Instructions in small letters and stage names in capitals are fine; the command's case is the shell's business.
dockerfile << 'END'
from busybox as BUILD-STAGE
run ECHO 'Building...' > build.txt
END
build_fails "Dockerfile:2"
assert_contains "$said" "ECHO: not found"
assert_matches "$errors" '(exit|status|code)[^0-9]*127'

dockerfile << 'END'
FROM busybox as build-stage
RUN echo 'Building...' > /build.txt
FROM busybox as TEST-stage
COPY --from=BUILD-STAGE /build.txt /build.txt
END
build

# The dangling redirection: the shell's own words, the line, the status.
dockerfile << 'END'
FROM busybox AS build-stage
RUN echo 'Building...' > /build.txt

FROM busybox as test-stage
COPY --from=build-stage /build.txt /build.txt
RUN echo 'Testing...'  >

FROM busybox
COPY --from=test-stage /build.txt /build.txt
CMD cat /build.txt
END
build_fails "Dockerfile:6"
assert_contains "$said" "syntax error"
assert_matches "$errors" '(exit|status|code)[^0-9]*2'

# Lines that begin with -- were meant as comments.
dockerfile << 'END'
--기반 이미지
FROM busybox AS builder
END
build_fails "Dockerfile:1"
assert_contains "$errors" "#"
dockerfile << 'END'
# app
FROM busybox AS builder

-- 이미지에 작업디렉터리 만들고 pom.xml 파일 복사
WORKDIR /usr/src/iotd
END
build_fails "Dockerfile:4"
assert_contains "$errors" "#"
assert_matches "$errors" 'comment'
