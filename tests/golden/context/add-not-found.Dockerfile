FROM busybox
ARG WEB
ADD $WEB/status/404 \
    /x
