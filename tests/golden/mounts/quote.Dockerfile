FROM busybox
RUN --mount=type=bind,target="/a,b true
