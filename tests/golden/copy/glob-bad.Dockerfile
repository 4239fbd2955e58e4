FROM busybox
COPY file[a-.txt /
