# The sample web service: one file, run by Node 24, without a shell, by a user who is not root.
# `npm run bundle` first; then: docker build -t shop:0.1.0 -f hack/images/shop.Dockerfile dist
ARG BASE=gcr.io/distroless/nodejs24-debian12:nonroot
FROM ${BASE}
ENV PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin NODE_ENV=production
COPY shop.mjs /app/shop.mjs
WORKDIR /app
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["node", "/app/shop.mjs"]
CMD []
