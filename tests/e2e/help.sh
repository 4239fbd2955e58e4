#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# How one finds a command: help of the program, of a group and of a verb, and what a mistyped name is answered.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

# lists TEXT VERB: one line of the text begins with it, and says more.
lists() {
        assert_matches "$1" $'\n'"  $2 +[A-Z]"
}

works bryo --help
all=$output
lists "$all" build
lists "$all" 'manifest create'
assert_equal "$(output_of bryo help)" "$all"
assert_fails 2 '' bryo
assert_equal "$output" "$all"

# A group alone is no command, but shows what there is.
for group in image manifest system; do
        works bryo "$group" --help
        assert_matches "$output" "^Usage: bryo $group COMMAND"
        help=$output
        assert_equal "$(output_of bryo help "$group")" "$help"
        assert_fails 2 '' bryo "$group"
        assert_equal "$output" "$help"
done
works bryo image --help
lists "$output" ls
lists "$output" prune
assert_equal "$(output_of bryo help build)" "$(output_of bryo build --help)"
assert_equal "$(output_of bryo help image prune)" "$(output_of bryo image prune --help)"

assert_fails 2 'bryo: there is no command "bild": did you mean build?' bryo bild .
assert_fails 2 'bryo: there is no command "imge": did you mean image?' bryo imge ls
assert_fails 2 'bryo: there is no command "image lss": did you mean image ls?' bryo image lss
assert_fails 2 'bryo: there is no command "zebra" (see bryo --help)' bryo zebra
assert_fails 2 'bryo: there is no command "system zebra" (see bryo system --help)' bryo system zebra
assert_fails 2 'bryo: there is no command "zebra" (see bryo --help)' bryo help zebra
assert_fails 2 'bryo: unknown flag: --taget (did you mean --target?)' bryo build --taget x .
assert_fails 2 'bryo: unknown flag: --zebra (see bryo build --help)' bryo build --zebra .
