FROM busybox
RUN --security=insecure mount -t tmpfs x /mnt
