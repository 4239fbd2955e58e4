FROM busybox AS base
FROM base AS build
FROM busybox
COPY --from=assets /x /
