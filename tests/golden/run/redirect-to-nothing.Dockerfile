FROM busybox AS test-stage
RUN echo 'Building...' > /build.txt
RUN echo 'Testing...'  >

FROM busybox
COPY --from=test-stage /build.txt /build.txt
