ARG WEB
FROM $WEB/team/ap AS build
