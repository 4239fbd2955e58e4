FROM busybox

RUN true && \
    # a comment
    nosuchcommand && \
    true
