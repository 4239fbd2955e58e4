FROM busybox AS build
RUN mkdir /out && touch /out/server
FROM busybox
COPY --from=build /out/sever /bin/
