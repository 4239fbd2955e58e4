FROM busybox AS build stage
