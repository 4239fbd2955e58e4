FROM busybox
COPY --exclude=*.o --exclude=[z-a . /
