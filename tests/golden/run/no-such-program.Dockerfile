FROM busybox
RUN ["/usr/bin/gcc", "-c", "x.c"]
