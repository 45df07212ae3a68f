# Outpost as a container. Every step is also a command that test/image.slow.test.ts runs without
# Docker, so that the recipe cannot rot.
#
#   docker build --tag outpost .
#   docker run --publish 8080:8080 --volume outpost:/app/data outpost site --site-name Graz

FROM node:20.19.5-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts ./scripts
RUN node scripts/setup.mjs --production
RUN mkdir -p data

FROM debian:12.11-slim
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
# A user without a name and without rights; only the data folder is its own.
COPY --from=build --chown=10001:10001 /app/data ./data
COPY package.json tsconfig.json LICENSE ./
COPY protocols ./protocols
COPY devices ./devices
COPY sync ./sync
COPY gateway ./gateway
USER 10001:10001
ENV OUTPOST_DATA_DIR=/app/data
# As in gateway/config/engine.json.
ENV BUN_JSC_heapGrowthFunctionThresholdInMB=1000000
VOLUME /app/data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node_modules/bun/bin/bun.exe", "gateway/main.ts", "status"]
ENTRYPOINT ["node_modules/bun/bin/bun.exe", "gateway/main.ts"]
CMD ["both"]
