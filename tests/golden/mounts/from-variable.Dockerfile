ARG TOOLS=tools
FROM busybox
RUN --mount=from=$TOOLS,target=/tools /tools/run
# E4.2
