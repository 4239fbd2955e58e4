FROM busybox AS app
COPY --from=assets /etc/passwd /x
FROM busybox AS assets
FROM app
