FROM busybox
RUN seq 25; exit 1
