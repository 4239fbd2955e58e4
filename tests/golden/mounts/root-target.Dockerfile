FROM busybox
RUN --mount=type=tmpfs,target=/ true
