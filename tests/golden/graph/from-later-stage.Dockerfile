FROM final AS app
FROM busybox AS final
FROM app
