FROM busybox
ENV NAME=moss
COPY <<-EOF /etc/greeting
	hello $NAME
	${NAME:-
	x} and ${NAME:-x} and ${NAME!} or ${NAME}
	EOF
