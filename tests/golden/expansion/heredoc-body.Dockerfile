FROM busybox
ENV NAME=moss
COPY <<EOF /etc/greeting
hello $NAME
and ${NAME:=others}
EOF
