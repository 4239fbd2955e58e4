FROM busybox:1.36:latest
