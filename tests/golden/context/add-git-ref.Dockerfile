FROM busybox
ARG WEB
ADD $WEB/git/repo.git#v9 /x
