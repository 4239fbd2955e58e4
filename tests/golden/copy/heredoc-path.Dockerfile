FROM busybox
COPY <<a/b /
x
a/b
