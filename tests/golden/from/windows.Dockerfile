FROM --platform=windows busybox
COPY . /code
CMD ["\\code\\hello.exe"]
