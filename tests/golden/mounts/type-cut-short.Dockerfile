FROM busybox
RUN --mount=type=tmp,target=/t true
