# escape=^
FROM busybox
