FROM busybox build
RUN true
