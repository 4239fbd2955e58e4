#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --explain: each kind of change by its name, and why what was found was found.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox

# why TITLE: what is said of the step with this title; notes follow the line in which the step begins
why() {
        local number
        number=$(sed -nE "s,^#([0-9]+) \[[^]]*\] $1.*,\1,p" <<< "$said" | tail -n 1)
        sed -nE "s/^#$number ((executed|found).*)/\1/p" <<< "$said"
}

# explains TITLE WHY [OPTION]...: builds with the options, and what is said of the step is exactly this.
explains() {
        build --explain "${@:3}"
        assert_equal "$(why "$1")" "$2" "what is said of $1"
}

# also TITLE WHY: the same of the last build
also() {
        assert_equal "$(why "$1")" "$2" "what is said of $1"
}

write() {
        dockerfile << END
FROM busybox AS up
RUN ${UP:-echo up > /up; echo 1 > /other}
FROM busybox
ARG USED=1
ARG OTHER
ENV E=${ENV:-1}
WORKDIR ${DIR:-/w}
COPY --from=up /up /up
COPY --chown=${OWNER:-1}:1 d /d
COPY <<DOC /doc
${DOC:-text}
DOC
RUN --mount=source=f,target=/m \
        echo "\$USED"
END
}

plant_file context/f 1
plant_file context/d/one 1
plant_file context/d/sub/two 2
ln -s one context/d/link
write

explains 'RUN --mount' 'executed: it is new: nothing of this Dockerfile and context was executed before'
build --explain
assert_matches "$(why 'RUN --mount')" '^found: nothing it depends on changed, executed 2[0-9-]+ [0-9:]+ UTC$'
build
assert_equal "$(lines_with '^#[0-9]* (executed|found)' <(printf '%s' "$said"))" "" "what is said without --explain"

# Files (K1, K2): bytes, modes, names, links, more and less.
echo 2 > context/f
explains 'RUN --mount' 'executed: file f changed'
chmod 755 context/f
explains 'RUN --mount' 'executed: file f changed'
echo 2 > context/d/sub/two2
explains 'COPY --chown' 'executed: file d/sub/two2 is new'
also 'RUN --mount' 'executed: what it stands on changed'
rm context/d/sub/two2
echo changed > context/d/sub/two
explains 'COPY --chown' 'executed: file d/sub/two changed, file d/sub/two2 is gone'
mv context/d/one context/d/uno
ln -sfn uno context/d/link
explains 'COPY --chown' 'executed: file d/link changed, file d/uno is new, file d/one is gone'
chmod 700 context/d/sub
explains 'COPY --chown' 'executed: directory d/sub changed'
for i in 1 2 3 4 5 6 7 8; do echo "$i" > "context/d/many$i"; done
explains 'COPY --chown' 'executed: file d/many1 is new, file d/many2 is new, file d/many3 is new, file d/many4 is new, file d/many5 is new and 3 more'

# What a command sees (K3).
explains 'RUN --mount' 'executed: argument USED changed' --build-arg USED=2
explains 'RUN --mount' 'executed: argument USED changed, argument OTHER is new' --build-arg USED=3 --build-arg OTHER=x
ENV=2 write
explains 'RUN --mount' 'executed: argument USED changed, variable E changed, argument OTHER is gone'
explains 'RUN --mount' 'executed: --shm-size changed' --shm-size 32m
explains 'RUN --mount' 'executed: --shm-size changed, --add-host db is new' --add-host db:10.0.0.1
explains 'RUN --mount' 'executed: the network changed, --add-host db is gone' --network none
explains 'RUN --mount' 'executed: the network changed, the host name changed' --build-arg BUILDKIT_SANDBOX_HOSTNAME=h

# Instructions: the words of one are what it is known by; variables in them are not.
ENV=2 DIR=/v write
explains 'WORKDIR' 'executed: its words changed: when this was last built they were WORKDIR /w; nothing else did'
also 'COPY --chown' 'executed: what it stands on changed'
ENV=2 DIR=/v DOC=other write
explains 'COPY <<DOC' 'executed: here-document DOC changed'
ENV=2 DIR=/v DOC=other OWNER=2 write
explains 'COPY --chown' 'executed: its words changed: when this was last built they were COPY --chown=1:1 d /d; nothing else did'

# A line before a step is a new step, and not that step with other words.
explained=$(cat context/Dockerfile)
printf 'FROM busybox\nARG A=1\nRUN echo one $A\nRUN echo two\n' > context/Dockerfile
build
printf 'FROM busybox\nARG A=1\nRUN echo none\nRUN echo one $A\nRUN echo two\n' > context/Dockerfile
explains 'RUN echo none' 'executed: it is new: when this was last built, the step in its place was RUN echo one $A'
printf 'FROM busybox\nARG A=2\nRUN echo nothing\nRUN echo one $A\nRUN echo two\n' > context/Dockerfile
explains 'RUN echo nothing' 'executed: its words changed: when this was last built they were RUN echo none; argument A changed'
printf '%s\n' "$explained" > context/Dockerfile

# A stage that was made anew (K5): what is copied is the same, or it is not.
ENV=2 DIR=/v DOC=other OWNER=2 UP='echo up > /up; echo 2 > /other' write
build --explain
assert_matches "$(why 'COPY --from')" '^found: what it takes from another stage is the same, executed '
ENV=2 DIR=/v DOC=other OWNER=2 UP='echo new > /up' write
explains 'COPY --from' 'executed: file up changed'

# The base (K4), flags (K6), and a result that is gone.
explains 'COPY --from' 'executed: the source date changed, what it stands on changed' --timestamp 1000000000
explains 'COPY --from' 'executed: --no-cache' --no-cache
explains 'RUN echo new' 'executed: --no-cache-filter names its stage' --no-cache-filter up
assert_matches "$(why WORKDIR)" '^found: nothing it depends on changed'
rm "$XDG_DATA_HOME"/bryo/steps/*
explains 'RUN echo new' 'executed: nothing it depends on changed, but its result is not in the cache'
explains 'WORKDIR' 'executed: nothing it depends on changed, but its result is not in the cache, or older than --cache-ttl allows' --cache-ttl 0

# Another Dockerfile is another thing, and its steps are not compared with these.
cp context/Dockerfile context/again
build --explain -f context/again
assert_matches "$(why 'RUN --mount')" '^found: nothing'
printf 'FROM busybox\nRUN echo first\nRUN echo first\n' > context/again
explains 'RUN echo first' 'executed: it is new: nothing of this Dockerfile and context was executed before' -f context/again

# A file that was damaged means only that less is known.
for file in "$XDG_DATA_HOME"/bryo/parts/*; do head -c 100 /dev/urandom > "$file"; done
explains 'RUN --mount' 'executed: it is new: nothing of this Dockerfile and context was executed before' --no-cache-filter up --build-arg USED=9

# With many files a directory is named.
mkdir context/d/deep
(cd context/d/deep && seq 5100 | split -l 1 -a 3 -)
build --explain
echo changed > context/d/deep/xaa
build --explain
assert_equal "$(why 'COPY --chown')" 'executed: a file in d/deep changed'
