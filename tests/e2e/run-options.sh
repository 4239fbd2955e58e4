#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# run: -e -w -u --entrypoint, the exit status, a throw-away upper, what the image's config says without them.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
ENV A=image B=image
WORKDIR /home/app
USER app
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["echo $A $B; pwd; id -un"]
END
build
assert_equal "$(image_run image)" $'image image\n/home/app\napp'
export B=caller
assert_equal "$(image_run -e A=given -e B -w /tmp -u guest image)" $'given caller\n/tmp\nguest'
assert_equal "$(image_run -u 1000:44 image 'id -u; id -g; id -G')" $'1000\n44\n44'
assert_equal "$(image_run --entrypoint /bin/echo image words)" words
assert_equal "$(image_run --entrypoint /bin/pwd image)" /home/app
works bryo container run --rm image 'echo alias'
assert_equal "$output" alias

# The status of the command; 127 and 126 for what cannot be found or run, as shells have it.
capture bryo run --rm image 'exit 37'
assert_equal "$status" 37 "the exit status"
capture bryo run --rm image 'sh -c "kill -TERM \$\$"; exit $?'
assert_equal "$status" 143 "the exit status"
assert_fails 127 "/no/such" bryo run --rm --entrypoint /no/such image
assert_fails 127 "nosuch" bryo run --rm --entrypoint nosuch image
assert_fails 126 "/etc/passwd" bryo run --rm --entrypoint /etc/passwd image

# Standard input, output and errors apart; no terminal unless asked.
assert_equal "$(echo words | bryo run --rm -i image cat)" words
works bryo run --rm image 'echo out; echo err >&2; test -t 1 || echo no terminal'
assert_equal "$output" $'out\nno terminal'
assert_equal "$errors" err
# An output that was closed is no reason to hang.
bryo run --rm image 'yes' | head -n 1 > /dev/null || true

# What it writes is gone afterwards.
works bryo run --rm -u root image 'echo x > /etc/new; rm /etc/passwd; cat /etc/new'
assert_equal "$(image_run -u root image 'ls /etc/new /etc/passwd 2>&1 || true')" $'ls: /etc/new: No such file or directory\n/etc/passwd'
assert_fails 1 "absent" bryo run --rm absent true
dockerfile << 'END'
FROM scratch
COPY Dockerfile /
END
build -t nothing
assert_fails 1 "command" bryo run --rm nothing

# What docker's users write by habit is ignored with the reason, or refused with it; behind the image it is the command's.
works bryo run --rm --name web -p 8080:80 -P --expose 80 image 'echo "$@"' -- --name
assert_equal "$(grep -c '^warning: --.* is ignored: ' <<< "$errors")" 4 "the warnings"
for flag in --detach -d '-v /:/x' '--volume=/:/x' '--mount type=bind' '--network none' --privileged '--restart always'; do
        # shellcheck disable=SC2086
        assert_fails 2 'cannot be done: ' bryo run --rm $flag image true
done
