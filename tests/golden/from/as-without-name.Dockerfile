FROM busybox AS
RUN true
