FROM busybox
ENV PATH=/opt/bin:$PATH \
    HOME=/root LANG
