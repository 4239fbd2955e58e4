FROM busybox AS app
COPY --from=1 /etc/passwd /x
FROM busybox AS assets
FROM app
