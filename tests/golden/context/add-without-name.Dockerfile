FROM busybox
ARG WEB
ADD "$WEB/named/?as=inline" /x/
