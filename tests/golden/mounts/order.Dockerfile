FROM busybox
RUN --mount=required=true,type=secret,id=token true
