#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# system df: agrees with du within one in a hundred, and with what prune then gives back.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
store=$XDG_DATA_HOME/bryo

# size TYPE [MEMBER]: in bytes
size() {
        output_of bryo system df --format json | jq -r --arg t "$1" "select(.Type == \$t) | .${2:-Size}"
}

# near NUMBER EXPECTED PERCENT WHAT
near() {
        local off=$(($1 > $2 ? $1 - $2 : $2 - $1))
        [ $((off * 100)) -le $(($2 * $3 + 100 * 65536)) ] || fail "$4: $1, expected $2" df "$(bryo system df)"
}

base busybox
assert_less "$(size Unused)" 100000 "what is unused in a store with one image"
dockerfile << 'END'
FROM busybox AS big
RUN dd if=/dev/urandom of=/big bs=1M count=20 && echo small > /small
RUN --mount=type=cache,target=/c dd if=/dev/urandom of=/c/file bs=1M count=6
FROM busybox
COPY --from=big /small /small
END
build
for when in built untagged pruned; do
        du=$(du -s --block-size=1 "$store" | cut -f 1)
        all=$(size All)
        off=$((all > du ? all - du : du - all))
        [ $((off * 100)) -le "$du" ] || fail "df says $all, du $du ($when)"
        case $when in
        built)
                near "$(size 'Build Cache')" $((20 << 20)) 2 "the build cache"
                near "$(size 'Cache Mounts')" $((6 << 20)) 2 "the cache mounts"
                assert_less "$(size Unused)" 100000 "what is unused"
                assert_equal "$(size Images TotalCount),$(size Images Active),$(size 'Cache Mounts' TotalCount),$(size Logs TotalCount)" 2,2,1,1
                assert_equal "$(size 'Build Cache' TotalCount)" "$(find "$store/steps" -type f | wc -l)" "the number of steps"
                works bryo system df
                assert_matches "$output" $'^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +2 +2 +[0-9.]+[kM]B +0B\nBuild Cache '
                works bryo image rm image
                ;;
        untagged)
                assert_equal "$(size Images TotalCount),$(size Images Active)" 1,1
                reclaimable=$(size All Reclaimable)
                works bryo prune --all
                near "$((du - $(du -s --block-size=1 "$store" | cut -f 1)))" "$reclaimable" 2 "what prune --all gave back"
                ;;
        pruned)
                near "$(size 'Build Cache')" 0 1 "the build cache after prune"
                assert_less "$(size All Reclaimable)" 100000 "what can be given back"
                ;;
        esac
done
