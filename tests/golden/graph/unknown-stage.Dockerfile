FROM busybox AS builder
RUN echo > /made
FROM busybox
COPY --from=bulider /made /made
