# codeq in a container: one binary, one volume, nobody's root.
#
#   docker build -t codeq --build-arg COMMIT=$(git rev-parse HEAD) --build-arg COMMIT_DATE=$(git log -1 --format=%cI) \
#     --build-arg SOURCE=$(git remote get-url origin) .
#   docker run --rm -p 127.0.0.1:8080:8080 -v codeq-data:/data codeq serve --allow-dev-token

ARG BUN_VERSION=1.4.5

# ---- build: the sources, what they depend on, and the binary ----
FROM oven/bun:${BUN_VERSION} AS build
WORKDIR /app
# Dependencies change less often than sources: a layer of their own.
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile
COPY tsconfig.json .archive-commit ./
COPY scripts scripts
COPY proto proto
COPY loadtest loadtest
COPY src src
# What `codeq version` tells, both or neither: a build context has no git.
ARG COMMIT=""
ARG COMMIT_DATE=""
RUN if [ -n "$COMMIT" ]; then echo "$COMMIT $COMMIT_DATE" > .archive-commit; fi \
 && bun scripts/build.ts \
 && mkdir /data && chown 10001:10001 /data && chmod 700 /data

# ---- dev: runs the sources, which a compose file mounts from the checkout ----
FROM build AS dev
# The health checks of image and compose files call it by this name.
RUN printf '#!/bin/sh\nexec bun /app/src/cli.ts "$@"\n' > /usr/local/bin/codeq && chmod 755 /usr/local/bin/codeq
ENV CODEQ_HOST=0.0.0.0 CODEQ_DATA_DIR=/data HOME=/tmp
USER 10001:10001
VOLUME /data
EXPOSE 8080 9091 9092
CMD ["bun", "--watch", "src/cli.ts", "serve"]

# ---- the image ----
FROM debian:bookworm-slim
ARG COMMIT=""
ARG COMMIT_DATE=""
# Where the sources are to be had.
ARG SOURCE=""
# That of package.json; a label cannot be read from a file.
ARG VERSION=0.1.0
# As `codeq version` does, they name the commit's time: the image does not depend on when it is built.
LABEL org.opencontainers.image.title="codeq" \
      org.opencontainers.image.description="A durable task queue server and its performance harness in one executable" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}" \
      org.opencontainers.image.created="${COMMIT_DATE}" \
      org.opencontainers.image.source="${SOURCE}"

# A number, so that an orchestrator can see that it is not root.
COPY --from=build --chown=10001:10001 /data /data
COPY --from=build /app/dist/codeq /usr/local/bin/codeq
USER 10001:10001
WORKDIR /data
VOLUME /data

# Nothing outside of /data is written: the root may be read-only.
ENV CODEQ_HOST=0.0.0.0 CODEQ_DATA_DIR=/data LOG_FORMAT=json
# HTTP, streams of workers, streams of producers.
EXPOSE 8080 9091 9092
# Drains, and exits 0 within --shutdown-grace.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=5 CMD ["codeq", "health"]
ENTRYPOINT ["codeq"]
CMD ["serve"]
