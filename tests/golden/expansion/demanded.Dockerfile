FROM busybox
ARG TOKEN_FILE
COPY ${TOKEN_FILE:?--build-arg-TOKEN_FILE=...-is-missing} /x
