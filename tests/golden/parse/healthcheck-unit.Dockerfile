FROM busybox
HEALTHCHECK --interval=30 --timeout=3s \
    CMD wget -q http://localhost/
