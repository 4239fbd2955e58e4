FROM busybox
USER nobdy
WORKDIR /
RUN true
