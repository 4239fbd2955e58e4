# the application
FROM busybox AS builder

-- 작업 디렉터리를 만들고 파일을 복사
WORKDIR /usr/src/app
