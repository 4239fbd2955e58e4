FROM busybox AS build
RUN mkdir /out && touch /out/server /out/client
FROM busybox
COPY --from=build /out/app /bin/
