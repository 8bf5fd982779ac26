# The steps are the README's and CI's own; test/compose.test.ts compares them with package.json.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build
RUN npm prune --omit=dev

FROM node:22-bookworm-slim
# In a container, loopback reaches nobody; the service then refuses to start without an API_KEY.
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data MODELS_DIR=/models
# A named volume takes the owner of the folder it is mounted over.
RUN mkdir /data /models && chown node:node /data /models
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/golden-set ./golden-set
USER node
EXPOSE 3000
CMD ["node", "dist/bin/footnote.js", "serve"]
