FROM busybox
COPY --from=files a \
  /a
