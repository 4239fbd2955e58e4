FROM busybox
COPY --from=a --chown=app --from=b /x /y
