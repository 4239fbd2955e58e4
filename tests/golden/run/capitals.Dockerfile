from busybox as BUILD-STAGE
run ECHO 'Building...' > build.txt
