ARG STAGE=build
FROM busybox AS build
FROM busybox
ARG STAGE
COPY --from=$STAGE /etc/passwd /x
# E4.1
