FROM busybox
RUN --mount=type=cache,target=/var/cache/apt,sharing=lokced apt-get update
