FROM busybox
WORKDIR /app
RNU echo built > made
