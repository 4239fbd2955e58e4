FROM busybox AS tools
FROM busybox
RUN --mount=from=tolls,target=/tools /tools/run
