FROM busybox
COPY <<one <<two /etc/
1
one
2
