FROM busybox
FROM busybox
COPY --from=2 /etc/passwd /x
