FROM bussybox
