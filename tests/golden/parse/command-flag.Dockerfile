FROM busybox
ENTRYPOINT --verbose /bin/server
