#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The promises of doc/union.md: each row names checks that exist, and every probe of tests/fs holds one of them.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

# named TREE: "CHECK" for each one that a row of the page names.
named() {
        grep '^| ' "$1/doc/union.md" | grep -oE '`[a-z-]+/[A-Za-z0-9_^-]+`' | tr -d '`' | LC_ALL=C sort
}

# probes TREE: "TOPIC/NAME" of every probe. A file's tables come before the line that gives them their topic.
probes() {
        cat "$1"/tests/fs/*.c | awk '
                match($0, /^ +\{"[^"]+", ([a-z_]+|NULL),/) {
                        split($0, parts, "\"")
                        names[++count] = parts[2]
                }
                /^static const struct probe .*\[\] = \{/ { count = 0 }
                /^PROBE_TOPIC\(/ {
                        split($0, parts, "\"")
                        for (i = 1; i <= count; i++)
                                print parts[2] "/" names[i]
                        count = 0
                }' | LC_ALL=C sort
}

# complaints TREE
complaints() {
        local check path
        while read -r check; do
                case $check in
                unit/*) path=tests/$check.c ;;
                e2e/*) path=tests/$check.sh ;;
                *) continue ;;
                esac
                [ -e "$1/$path" ] || printf '%s does not exist\n' "$path"
        done < <(named "$1" | uniq)
        comm -13 <(probes "$1") <(named "$1" | grep -vE '^(unit|e2e)/' | uniq) | sed 's/$/ is named, but no probe/'
        comm -23 <(probes "$1") <(named "$1" | uniq) | sed 's/$/ is a probe that no row names/'
        named "$1" | grep -vE '^(unit|e2e)/' | uniq -d | sed 's/$/ is named twice/'
}

# --- it bites -------------------------------------------------------------------

plant_file planted/tests/unit/there.c ''
plant_file planted/tests/fs/one.c 'static const struct probe probes[] = {
        {"first", NULL, NULL, first_live, NULL},
        {"forgotten", first_below, NULL, first_live, NULL},
};
PROBE_TOPIC(probe_one, "one", probes);'
# shellcheck disable=SC2016
plant_file planted/doc/union.md '| good | `one/first` `unit/there` |
| bad | `one/missing` `unit/gone` |
| again | `one/first` |'
assert_equal "$(complaints planted)" 'tests/unit/gone.c does not exist
one/missing is named, but no probe
one/forgotten is a probe that no row names
one/first is named twice' "what is found in a planted page"

assert_equal "$(complaints "$BRYO_SOURCE")" "" "the list of complaints"
[ "$(probes "$BRYO_SOURCE" | wc -l)" -gt 60 ] || fail "hardly any probe was found"
