FROM busybox
// copies the sources
COPY . /src
