FROM busybox AS a
COPY --from=b /etc/passwd /x
FROM busybox AS b
COPY --from=a /etc/passwd /x
FROM b
