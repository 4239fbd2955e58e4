FROM busybox
RUN --device=nvidia.com/gpu nvidia-smi
