FROM busybox
COPY app.conf /etc/
