FROM busybox
ADD http://user:secret@127.0.0.1:1/x /x
