FROM busybox
RUN --network=none \
    cat > /x <<EOF
hello
