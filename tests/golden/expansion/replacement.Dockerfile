FROM busybox
ENV URL=http://localhost
ENV HOST=${URL/http:}
