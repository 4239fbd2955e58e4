FROM busybox AS app
COPY --from=app /etc/passwd /x
