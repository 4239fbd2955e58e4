FROM registry.example.com:5000/team/app:v1
