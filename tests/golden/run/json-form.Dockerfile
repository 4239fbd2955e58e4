FROM busybox
RUN ["/bin/sh", "-c", "exit 255"]
