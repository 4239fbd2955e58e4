FROM busybox
RUN --mount=type=secret,id=token,required cat /run/secrets/token
