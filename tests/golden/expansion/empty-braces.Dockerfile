FROM busybox
WORKDIR /srv/${}
