FROM busybox AS early
RUN --mount=from=later,target=/l ls
FROM busybox AS later
FROM early
