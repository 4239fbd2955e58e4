FROM busybox
RUN --mount=type=secret,id=key,mode=0999 true
