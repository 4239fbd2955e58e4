FROM parent
RUN true
