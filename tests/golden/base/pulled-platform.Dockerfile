ARG WEB
FROM --platform=linux/s390x \
     $WEB/team/app:v1
