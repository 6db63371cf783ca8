# Both images for those who have Docker: `docker build --target sandkeep .`, `docker build --target agent .`. What hack/images makes without it.
FROM golang:1.26 AS agent-build
WORKDIR /src
COPY src/agent .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w" -o /agent .

FROM scratch AS agent
COPY --from=agent-build /agent /agent
ENTRYPOINT ["/agent"]

FROM node:26-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save --ignore-scripts
COPY tsconfig.json ./
COPY config config
COPY src src
RUN node_modules/.bin/tsc -p config/tsconfig.build.json --declaration false && npm prune --omit=dev --ignore-scripts

FROM node:26-bookworm-slim AS sandkeep
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
USER 65532:65532
ENTRYPOINT ["node", "--enable-source-maps", "/app/dist/main.js"]
