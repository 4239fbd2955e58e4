# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A real registry for a test: Debian's docker-registry on a free port of loopback, its data in a directory of the test.
# Sourced after tests/servers/lib.sh, whose end_servers ends it; nothing of it outlives the test.

need docker-registry

# registry NAME [plain|basic|tls|tls-basic] [SETTING=VALUE]...: starts it on the directory NAME. Its address (localhost:PORT) is
# left in $registry. `basic` wants the users of registry_users (made on the spot: alice, password "open sesame"); `tls` a
# certificate server.pem and server.key of test_authority in the current directory. A SETTING is a variable of the registry's
# own configuration, such as REGISTRY_STORAGE_DELETE_ENABLED=true. Its log is NAME/log; what it was asked: registry_asked NAME.
registry() {
        local name=$1 kind=${2:-plain} tries=500 settings=()
        shift $(($# < 2 ? $# : 2))
        mkdir -p "$name/data"
        case $kind in *basic)
                registry_users alice 'open sesame'
                settings+=(REGISTRY_AUTH=htpasswd REGISTRY_AUTH_HTPASSWD_REALM=test "REGISTRY_AUTH_HTPASSWD_PATH=$PWD/htpasswd")
                ;;
        esac
        case $kind in tls*)
                settings+=("REGISTRY_HTTP_TLS_CERTIFICATE=$PWD/server.pem" "REGISTRY_HTTP_TLS_KEY=$PWD/server.key")
                ;;
        esac
        printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: "%s"}}\nhttp: {addr: "127.0.0.1:0", secret: test}\n' \
                "$PWD/$name/data" > "$name/config.yml"
        printf 'log: {level: info, formatter: json, accesslog: {disabled: false}}\n' >> "$name/config.yml"
        # the variables of this shell that begin with REGISTRY_ (podman has some) would be its configuration
        env -i "PATH=$PATH" OTEL_TRACES_EXPORTER=none "${settings[@]}" "$@" docker-registry serve "$name/config.yml" >> "$name/access" 2> "$name/log" &
        servers+=($!)
        until registry=$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/localhost:\1/p' "$name/log") && [ -n "$registry" ]; do
                [ $((tries -= 1)) -gt 0 ] || fail "the registry does not start" log "$(cat "$name/log")"
                sleep 0.02
        done
}

# registry_users USER PASSWORD [USER PASSWORD]...: adds them to the file htpasswd, which a registry reads when it is asked.
registry_users() {
        need htpasswd
        touch htpasswd
        while [ $# -gt 0 ]; do
                htpasswd -bB -C 4 htpasswd "$1" "$2" 2> /dev/null
                shift 2
        done
}

# registry_asked NAME: METHOD PATH STATUS of the requests so far, one a line; forgets them.
registry_asked() {
        sed -n 's/^[^"]*"\([A-Z]*\) \([^ "]*\) HTTP[^"]*" \([0-9]*\).*/\1 \2 \3/p' "$1/access"
        : > "$1/access"
}
