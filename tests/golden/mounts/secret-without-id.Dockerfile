FROM busybox
RUN --mount=type=cache,target=/root/.npm,id=npm \
    --mount=type=secret \
    npm ci
