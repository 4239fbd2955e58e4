ARG WEB
FROM $WEB/team/app:v1
