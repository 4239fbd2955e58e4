FROM busybox
RUN printf '\033]0;title\007\033[31mred\033[0m\r\302\233\n'; exit 1
