FROM busybox
RUN --mount=type=secret,id=s,target=/etc cat /etc
