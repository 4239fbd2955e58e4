FROM busybox
COPY one \
     two \
     three \
     # a comment
     four \
     five \

     six \
     seven \
     <<EOF
nothing
EOF
