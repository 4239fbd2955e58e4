FROM busybox
COPY --chown Dockerfile /x
