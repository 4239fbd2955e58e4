FROM --platform=$BULIDPLATFORM busybox
