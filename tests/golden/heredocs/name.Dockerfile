FROM busybox
COPY <<../../etc/passwd /x/
root
../../etc/passwd
