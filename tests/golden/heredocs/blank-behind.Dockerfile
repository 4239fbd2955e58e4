FROM busybox
RUN <<EOF
echo one
EOF 
