FROM busybox
RUN <<EOF
set -e
echo in the script
false
EOF
