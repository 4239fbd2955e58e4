FROM 127.0.0.1:1/team/app:v1
