FROM busybox
COPY <<EOF /x
	one
	EOF
