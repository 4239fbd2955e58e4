FROM busybox AS build
RUN echo > /made
FROM busybox
COPY --form=build /made /made
