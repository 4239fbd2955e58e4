FROM busybox@sha256:1234
