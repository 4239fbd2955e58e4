ARG WEB
FROM busybox AS build
FROM busybox
COPY --from=127.0.0.1:1/assets:v1 /x /
