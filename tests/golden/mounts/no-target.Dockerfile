FROM busybox
RUN --mount=type=cache,id=npm \
    --mount=type=bind \
    npm ci
