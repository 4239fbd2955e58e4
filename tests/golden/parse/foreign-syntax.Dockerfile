# syntax=example.com/cooking/frontend:2
FROM busybox
