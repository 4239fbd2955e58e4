FROM busybox
RUN --mount=source=srcc,target=/src ls /src
