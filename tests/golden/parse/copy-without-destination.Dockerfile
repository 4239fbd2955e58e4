FROM busybox
COPY pom.xml
