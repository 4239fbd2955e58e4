#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 180
#
# E10: doc/cache-keys.md, row by row: one thing changed alone, and exactly the steps executed that the row says.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
words=()
# default_build: the build that each row changes, in `context`; whatever a row did before is gone.
default_build() {
        rm -rf context elsewhere volume
        mkdir -p context/d/inside volume
        echo one > context/f
        echo a > context/d/a
        echo b > context/d/b
        ln -s a context/d/link
        echo ignored > context/.dockerignore
        echo secret > secret
        echo 1 > volume/file
        chmod 755 context/d/inside
        chmod 644 context/f
        find context volume -exec touch -h -d 2020-01-01 {} +
        words=()
        unset SOURCE_DATE_EPOCH
        dockerfile << 'END'
FROM base AS up
COPY f /f
RUN echo up > /up
FROM base
ARG USED=1
ARG UNUSED
ENV E=1
WORKDIR /w
COPY --from=up /up /up
COPY --chown=1:1 d /d
COPY <<DOC /doc
text
DOC
RUN --mount=source=f,target=/m --mount=type=cache,target=/c --mount=type=secret,id=s echo "$USED"
CMD x
END
}
edit() {
        sed -i -E "$1" context/Dockerfile
}
# also WORD...: more words of the command line.
also() {
        words+=("$@")
}

# --- the changes -----------------------------------------------------------------

change_nothing() { :; }
change_times() { find context -exec touch -h {} +; }
change_file_content() { echo two > context/f; }
change_file_mode() { chmod 600 context/f; }
change_file_grown() {
        echo more >> context/f
        touch -d 2020-01-01 context/f
}
change_file_inode() {
        cp context/f f.new
        mv f.new context/f
}
change_file_elsewhere() {
        mkdir context/x
        cp context/f context/x/f
        edit 's,^COPY f,COPY x/f,'
}
change_file_basename() {
        cp context/f context/g
        edit 's,^COPY f,COPY g,'
}
change_directory_content() { echo A > context/d/a; }
change_directory_more() { echo c > context/d/c; }
change_directory_less() { rm context/d/b; }
change_directory_renamed() { mv context/d/b context/d/bb; }
change_directory_empty() { mkdir context/d/empty; }
change_directory_mode() { chmod 700 context/d/inside; }
change_link_target() { ln -sfn b context/d/link; }
change_link_instead() { ln -sf a context/d/b; }
change_unselected() { echo x > context/unselected; }
change_ignored() {
        echo d/ignored >> context/.dockerignore
        echo x > context/d/ignored
}
change_ignore_file() { echo d/inside > context/.dockerignore; }
change_context_path() {
        cp -a context elsewhere
        context=elsewhere
}
change_comment() { edit 's/^WORKDIR/# a comment\n\nWORKDIR/'; }
change_case() { edit 's/^WORKDIR/workdir/'; }
change_stage_name() { edit 's/AS up/AS down/; s/--from=up/--from=down/'; }
change_file_name() {
        mv context/Dockerfile other.Dockerfile
        also -f other.Dockerfile
}
change_config() {
        edit 's/^(ENV|COPY f)/LABEL a=b\nEXPOSE 80\nCMD y\nENTRYPOINT z\nSTOPSIGNAL INT\nHEALTHCHECK NONE\nONBUILD RUN x\n&/'
}
change_volume() { edit 's/^ENV/VOLUME \/vol\nENV/'; }
change_env() { edit 's/E=1/E=2/'; }
change_env_later() { edit 's/^CMD/ENV LATER=1\nCMD/'; }
change_arg_default() { edit 's/USED=1/USED=2/'; }
change_arg_more() { edit 's/^ENV/ARG MORE\nENV/'; }
change_arg_late() { edit 's/^CMD/ARG LATE=1\nCMD/'; }
change_global_arg() { edit '1s/^/ARG GLOBAL=1\n/'; }
change_user() { edit 's/^RUN --mount/USER 7\nRUN --mount/'; }
change_user_early() { edit 's/^WORKDIR/USER 7\nWORKDIR/'; }
change_shell() { edit 's/^RUN --mount/SHELL ["\/bin\/sh", "-ec"]\nRUN --mount/'; }
change_workdir() { edit 's,WORKDIR /w,WORKDIR /v,'; }
change_copy_destination() { edit 's,d /d,d /e,'; }
change_copy_chown() { edit 's/chown=1:1/chown=1:2/'; }
change_copy_chmod() { edit 's/--chown/--chmod=0700 --chown/'; }
change_copy_exclude() { edit 's/--chown/--exclude=a --chown/'; }
change_copy_link() { edit 's/--chown/--link --chown/'; }
change_add_instead() { edit 's/^COPY --chown/ADD --chown/'; }
change_heredoc() { edit 's/^text/Text/'; }
change_heredoc_name() { edit 's/DOC/OTHER/'; }
change_run_text() { edit 's/"\$USED"/"$USED!"/'; }
change_run_json() { edit 's/^RUN echo up.*/RUN ["\/bin\/sh", "-c", "echo up > \/up"]/'; }
change_run_network() { edit 's/^RUN --mount/RUN --network=none --mount/'; }
change_run_network_host() { edit 's/^RUN --mount/RUN --network=host --mount/'; }
change_mount_target() { edit 's,target=/m,target=/n,'; }
change_mount_option() { edit 's,target=/m,target=/m\,rw,'; }
change_mount_sharing() { edit 's,target=/c,target=/c\,sharing=locked,'; }
change_mount_cache_id() { edit 's,target=/c,target=/c\,id=named,'; }
change_mount_secret_id() {
        edit 's/id=s /id=t /'
        also --secret id=t,src=secret
}
change_upstream_same() { edit 's,echo up > /up,echo up > /up; true,'; }
change_upstream_other() { edit 's,echo up > /up,echo UP > /up,'; }
change_upstream_unused() { edit 's,echo up > /up,echo up > /up; echo more > /more,'; }
change_base_labels() {
        printf 'FROM busybox\nLABEL new=label\n' > relabelled
        works bryo build -q -t base -f relabelled context
}
change_base_layers() {
        printf 'FROM busybox\nRUN echo new > /new\n' > changed
        works bryo build -q -t base -f changed context
}
change_build_arg() { also --build-arg USED=3; }
change_build_arg_unused() { also --build-arg UNUSED=3; }
change_build_arg_undeclared() { also --build-arg OTHER=3; }
change_build_arg_proxy() { also --build-arg HTTP_PROXY=http://localhost:1; }
change_hostname() { also --build-arg BUILDKIT_SANDBOX_HOSTNAME=h; }
change_flag_env() { also --env MORE=1; }
change_flag_label() { also --label more=1; }
change_flag_tag() { also -t another; }
change_flag_target() { also --target up; }
change_secret_content() { echo other > secret; }
change_add_host() { also --add-host a:1.1.1.1; }
change_add_host_address() {
        works bryo build -q --secret id=s,src=secret --add-host b:1.1.1.1 context
        also --add-host b:2.2.2.2
}
change_dns() { also --dns 1.1.1.1; }
change_ulimit() { also --ulimit nofile=500; }
change_shm_size() { also --shm-size 2m; }
change_cap_drop() { also --cap-drop NET_RAW; }
change_network() { also --network none; }
change_flag_volume() { also --volume "$PWD/volume:/vol"; }
change_volume_content() {
        works bryo build -q --secret id=s,src=secret --volume "$PWD/volume:/vol2" context
        echo 2 > volume/file
        also --volume "$PWD/volume:/vol2"
}
change_epoch() { export SOURCE_DATE_EPOCH=1700000000; }
change_jobs() { also --jobs 1; }
change_no_cache_filter() { also --no-cache-filter up; }
change_no_cache() { also --no-cache; }
change_cache_ttl() { also --cache-ttl 0; }

# --- what happens --------------------------------------------------------------------

# executed: the names of the steps of the last build that were not found, in the order of the file.
executed() {
        awk '
                /^#[0-9]+ \[/ {
                        title = $0
                        sub(/^#[0-9]+ /, "", title)
                        up = title ~ /^\[(up|down) /
                        sub(/^\[[^]]*\] /, "", title)
                        name = ""
                        if (up && title ~ /^COPY/) { name = "1up-copy" }
                        else if (up && title ~ /^RUN/) { name = "2up-run" }
                        else if (tolower(title) ~ /^workdir/) { name = "3workdir" }
                        else if (title ~ /^COPY --from/) { name = "4from" }
                        else if (title ~ /^COPY <</) { name = "6doc" }
                        else if (title ~ /^(COPY|ADD)/) { name = "5copy" }
                        else if (title ~ /^RUN/) { name = "7run" }
                        names[$1] = name
                }
                /^#[0-9]+ DONE/ && names[$1] != "" { print names[$1] }' <<< "$said" | sort -u | cut -c2- | paste -sd' ' | sed 's/^$/none/'
}

rows=$(awk -F ' \\| ' '/^\| [a-z][a-z-]* \| / && $1 != "| change" { sub(/^\| /, "", $1); sub(/ \|$/, "", $3); print $1 "\t" $3 }' \
        "$BRYO_SOURCE/doc/cache-keys.md")
assert_equal "$(declare -F | sed -n 's/^declare -f change_//p' | tr _ - | sort)" "$(cut -f1 <<< "$rows" | sort)" \
        "the changes of this test, against the rows of doc/cache-keys.md,"
assert_less 60 "$(wc -l <<< "$rows")" "the number of rows"

wrong=''
count=0
while IFS=$'\t' read -r row expected; do
        # what a change of the base or --no-cache executed is newer now
        default_build
        works bryo tag busybox base
        build --secret id=s,src=secret
        context=context
        "change_${row//-/_}"
        works bryo build --progress=plain --secret id=s,src=secret -t image "${words[@]}" "$context"
        said=$output$'\n'$errors
        is=$(executed)
        [ "$is" = "$expected" ] || wrong+="$row: executed $is, but the table says $expected"$'\n'
        count=$((count + 1))
done <<< "$rows"
[ -z "$wrong" ] || fail "$count rows were tried, these are not as they say" rows "$wrong"
