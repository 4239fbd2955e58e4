# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# One topic of the file system probe (tests/fs/probe.h) through real builds: its phases as root and as USER app, over a base of
# several layers that this store made and over the same base saved and loaded in another store.
# shellcheck source=tests/e2e/lib.sh
. "$BRYO_SOURCE/tests/e2e/lib.sh"

probe=$BRYO_BUILD/tests/fs/probe
[ -x "$probe" ] || skip "$probe is not built (make check-programs)"

# runs PHASE TOPIC: the lines of a Dockerfile that run a phase as both users.
runs() {
        printf 'USER root\nRUN probe %s %s\nUSER app\nRUN probe %s %s\nUSER root\n' "$1" "$2" "$1" "$2"
}

# fs_base TOPIC: the image `below`.
fs_base() {
        base busybox
        mkdir -p context
        cp "$probe" context/probe
        {
                printf '%s\n' 'FROM busybox' 'COPY probe /bin/probe' 'RUN mkdir -p /fs/0 /fs/1000 && chown app:app /fs/1000'
                runs below "$1"
                runs middle "$1"
        } | dockerfile
        build -t below
}

# fs_live TOPIC: the image `image` on top of it, verified in the RUN that makes things and in a later one.
fs_live() {
        {
                printf 'FROM below\n'
                runs live "$1"
                runs sealed "$1"
        } | dockerfile
        build
}

# in_other_store IMAGE: saves it, and loads it in a store of its own, which the commands that follow use.
in_other_store() {
        works bryo save -o "$1.tar" "$1"
        rm -rf "$TMPDIR/other"
        export BRYO_ROOT=$TMPDIR/other
        works bryo load -i "$1.tar"
        rm "$1.tar"
}

# fs_reloaded TOPIC: what came of it, as the base of a build in another store.
fs_reloaded() {
        in_other_store image
        {
                printf 'FROM image\n'
                runs reloaded "$1"
        } | dockerfile
        build -t again
        unset BRYO_ROOT
}

# fs_topic TOPIC: all of it, then `live` over layers that are tars.
fs_topic() {
        fs_base "$1"
        fs_live "$1"
        fs_reloaded "$1"
        in_other_store below
        fs_live "$1"
        unset BRYO_ROOT
}
