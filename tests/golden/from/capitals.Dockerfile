FROM DIAMOL/BASE AS BUILD-STAGE
run ECHO 'Building...' > build.txt
