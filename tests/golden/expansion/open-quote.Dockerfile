FROM busybox
ENV A=1 \
    # the greeting
    B='it is said
