FROM busybox
COPY Dockerfile <<EOF
/etc/x
EOF
