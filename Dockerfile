# One image for everything that Malipo runs: gateway, worker, admin commands and simulators. Its command and MALIPO_ROLE
# say which. `npm run check:image` replays these steps on a machine without an engine, and knows no other instructions.

FROM node:24.16.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY migrations ./migrations
COPY libs ./libs
COPY src ./src
RUN npm run build

FROM node:24.16.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:24.16.0-bookworm-slim AS gateway
ARG REVISION=""
LABEL org.opencontainers.image.title="Malipo" \
      org.opencontainers.image.description="One API to collect and pay out African mobile money through any provider, self-hosted." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}"
# A container is reached through its network, so it listens on all addresses, in production or not.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    MALIPO_DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY scripts/admin.mjs scripts/build-when-stale.mjs scripts/compose-trial.mjs ./scripts/
RUN mkdir -m 700 /data && chown node:node /data
# By number, so that an orchestrator can see that it is not root. Nothing under /app is writable for it.
USER 1000:1000
# The embedded database and the simulators' books. With MySQL and without simulators it stays empty.
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`, { signal: AbortSignal.timeout(4000) }).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# No shell and no init in between: the gateway handles SIGTERM itself, and starts no children in production.
CMD ["node", "dist/src/main.js"]
