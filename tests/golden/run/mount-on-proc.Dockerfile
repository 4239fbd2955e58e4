FROM busybox
RUN --mount=type=tmpfs,target=/proc/sys ls
