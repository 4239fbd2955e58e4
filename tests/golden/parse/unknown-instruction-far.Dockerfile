FROM busybox
SUDO apt-get update
