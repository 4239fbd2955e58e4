#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Repositories and set-ups that would run code or read the host (C12.8), and subdirectories that lead out of the checkout (C12.9).
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

need git
base busybox
serve web
web=http://127.0.0.1:$port/git
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
marker=$PWD/marker
canary=canary-$$-$RANDOM
mkdir host
printf '%s\n' "$canary" > host/secret
quietly() {
        works git -c init.defaultBranch=main -c protocol.file.allow=always "$@"
}

# publish NAME: the repository `work` as it is becomes NAME.git on the server.
publish() {
        quietly -C work add -A
        quietly -C work commit -q --allow-empty -m "$1"
        quietly clone -q --bare work "web/git/$1.git"
        rm -rf work
}

# The canary is nowhere in the image, and nothing ran.
assert_clean() {
        [ ! -e "$marker" ] || fail "the repository ran a program: $1"
        if bryo save -o - image 2> /dev/null | grep -aq "$canary"; then
                fail "a file of the host is in the image: $1"
        fi
        assert_lacks "$said" "$canary"
}

# --- a link to the host as the subdirectory, or on the way to it ---
quietly init -q work
mkdir -p work/real/sub
printf 'x\n' | tee work/real/f > work/real/sub/f
ln -s / work/link
ln -s "$PWD/host" work/host
ln -s real work/inside
publish links
dockerfile <<< $'FROM busybox\n'"ADD $web/links.git#main:link$PWD/host /d"
build_fails "cannot check out $web/links.git"
for subdir in link host inside inside/sub; do
        dockerfile <<< $'FROM busybox\n'"ADD $web/links.git#main:$subdir /d"
        build_fails "leads through a symbolic link: refused"
done
for subdir in .. a/../.. /etc; do
        dockerfile <<< $'FROM busybox\n'"ADD $web/links.git#main:$subdir /d"
        build_fails "the subdirectory $subdir"
done
dockerfile <<< $'FROM busybox\n'"ADD $web/links.git /d"
build
assert_equal "$(image_run image readlink /d/host)" "$PWD/host"
assert_clean links

# --- the user's configuration is never read: it would run a program, or send the repository elsewhere ---
cat > "$HOME/.gitconfig" << END
[core]
        hooksPath = $PWD/hooks
        fsmonitor = "touch $marker"
        sshCommand = "touch $marker"
[filter "evil"]
        smudge = "touch $marker; cat"
        required = true
[credential]
        helper = "!touch $marker"
[url "http://127.0.0.1:1/"]
        insteadOf = $web
[http]
        proxy = http://127.0.0.1:1
END
mkdir hooks
for hook in post-checkout post-merge reference-transaction post-index-change; do
        printf '#!/bin/sh\ntouch %s\n' "$marker" > hooks/$hook
        chmod +x hooks/$hook
done
HOME=/nonexistent quietly init -q work
printf '* filter=evil diff=evil merge=evil\n' > work/.gitattributes
printf 'x\n' > work/f
HOME=/nonexistent publish filter
export GIT_DIR=/nonexistent GIT_CONFIG_PARAMETERS="'core.fsmonitor=touch $marker'" GIT_SSH=/bin/false GIT_TEMPLATE_DIR=$PWD/hooks
dockerfile <<< $'FROM busybox\n'"ADD $web/filter.git /d"
build
unset GIT_DIR GIT_CONFIG_PARAMETERS GIT_SSH GIT_TEMPLATE_DIR
assert_clean filter
rm "$HOME/.gitconfig"

# --- submodules: paths of this machine, programs, hidden repositories ---
quietly init -q secret
cp host/secret secret/secret
quietly -C secret add -A
quietly -C secret commit -qm secret
commit=$(git -C secret rev-parse HEAD)
# submodule NAME URL [CONFIG]: a repository whose .gitmodules says this.
submodule() {
        quietly init -q work
        printf '[submodule "%s"]\n\tpath = %s\n\turl = %s\n%b' "${4-m}" "${4-m}" "$2" "${3-}" > work/.gitmodules
        quietly -C work update-index --add --cacheinfo "160000,$commit,m"
        quietly -C work add .gitmodules
        quietly -C work commit -qm "$1"
        quietly clone -q --bare work "web/git/$1.git"
        rm -rf work
        dockerfile <<< $'FROM busybox\n'"ADD $web/$1.git /d"
        assert_fails 1 "cannot check out $web/$1.git" bryo build --progress=plain -t image context
        said=$output$errors
        assert_clean "$1"
}
submodule path "$PWD/secret"
submodule file "file://$PWD/secret"
submodule ext "ext::sh -c touch% $marker"
submodule dash "--upload-pack=touch $marker"
submodule ssh "ssh://-oProxyCommand=touch\${IFS}$marker/x"

# A command of the submodule's own is not run (git refuses it, or drops it).
quietly clone -q --bare secret web/git/public.git
quietly init -q work
printf '[submodule "m"]\n\tpath = m\n\turl = ../public.git\n\tupdate = !touch %s\n' "$marker" > work/.gitmodules
quietly -C work update-index --add --cacheinfo "160000,$commit,m"
quietly -C work add .gitmodules
quietly -C work commit -qm update
quietly clone -q --bare work web/git/update.git
dockerfile <<< $'FROM busybox\n'"ADD $web/update.git /d"
capture bryo build context
[ ! -e "$marker" ] || fail "a submodule ran its update command"

# --- what would be an option never reaches git: nothing is asked of the server ---
asked web > /dev/null
for source in "$web/links.git#--upload-pack=touch" "ssh://-oProxyCommand=touch/x" "git@-oProxyCommand=x:y" "$web/links.git?ref=-x"; do
        dockerfile <<< $'FROM busybox\n'"ADD $source /d"
        assert_fails 1 "Dockerfile:2" bryo build context
done
assert_equal "$(asked web)" ""
