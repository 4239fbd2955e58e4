FROM busybox
RUN --mount=type=cache,tagret=/root/.m2 \
    mvn package
