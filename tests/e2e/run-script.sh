#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# RUN with here-documents: a script that begins with #! is an executable file for this one command (RUN.2).
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
USER app
RUN <<SCRIPT
#!/bin/awk -f
BEGIN { print "awk", ENVIRON["HOME"], "$HOME" > "/home/app/seen" }
SCRIPT
RUN <<EOF
#!/bin/sh
echo $0 >> /home/app/seen
ls -l $0 | cut -c1-10 >> /home/app/seen
EOF
RUN ls /dev/pipes 2>> /home/app/seen || true
END
build
assert_equal "$(image_run image cat /home/app/seen)" \
        $'awk /home/app $HOME\n/dev/pipes/EOF\n-rwxr-xr-x\nls: /dev/pipes: No such file or directory'
assert_lacks "$(layer_names image)" pipes
build
assert_equal "$(grep -c CACHED <<< "$said")" 3 "cached steps"
sed -i 's/awk"/other"/' context/Dockerfile
build
assert_lacks "$said" CACHED

# RUN.3: alone it is the text for the shell, whatever its quotes; RUN.4: any other shape is left to the shell.
dockerfile << 'END'
FROM busybox
ENV WHO=moss
RUN <<'EOF'
echo "text $WHO" > /a
EOF
RUN cat <<EOF - <<'OTHER' > /b
first $WHO
EOF
second $WHO
OTHER
RUN <<EOF tr a-z A-Z > /c && echo more >> /c
shout $WHO
EOF
END
build
assert_equal "$(image_run image cat /a /b /c)" $'text moss\nsecond $WHO\nSHOUT MOSS\nmore'
