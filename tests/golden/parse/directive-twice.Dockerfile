# escape=`
# check=skip=all
# escape=`
FROM busybox
