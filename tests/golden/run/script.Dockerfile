FROM busybox
RUN <<EOF
#!/bin/nosuchshell
false
EOF
