FROM busybox
USER nobody2
RUN true
