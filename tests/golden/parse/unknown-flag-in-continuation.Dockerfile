FROM busybox
COPY \
    # the owner
    --chwon=app \
    Dockerfile /x
