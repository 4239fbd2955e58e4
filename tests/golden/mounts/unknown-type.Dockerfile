FROM busybox
RUN --mount=type=cahce,target=/root/.cache true
