# The operator, the probers and the canary: one file, run by Node 24, without a shell, by a user who is not root.
# `npm run bundle` first; then: docker build -t webflow-operator:0.1.0 -f hack/images/webflow.Dockerfile dist
ARG BASE=gcr.io/distroless/nodejs24-debian12:nonroot
FROM ${BASE}
ENV PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin NODE_ENV=production
COPY webflow.mjs /app/webflow.mjs
WORKDIR /app
USER 65532:65532
ENTRYPOINT ["node", "/app/webflow.mjs"]
CMD ["operator"]
