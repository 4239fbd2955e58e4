FROM busybox
COPY --from=builder /x /
