ARG SOURCE_DATE_EPOCH=files
FROM scratch AS files
COPY Dockerfile /
FROM busybox
