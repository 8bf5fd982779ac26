// Ingest of the real feed over the bare embedder's time for the same texts, in the same run, and the
// second ingest of the same feed. Nothing else may run: `npx tsx bench/ingest.ts`.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createDoorClient, type DoorClient } from '../bin/door-client.ts'
import { chunkArticle, chunkContext } from '../ingest/chunk-article.ts'
import { cleanHtml } from '../ingest/clean-html.ts'
import { parseFeed } from '../ingest/parse-feed.ts'
import { createTokenCounter } from '../ingest/token-count.ts'
import { loadConfig } from '../src/config.ts'
import { OnnxEmbeddings } from '../src/models/embedding.ts'
import { createModelStore } from '../src/models/model-store.ts'
import { REAL_FEED, startBenchService } from './start-bench-service.ts'

const RUNS = 3
/** So that the service does not read its handbook, nor delete it, meanwhile. */
const SMALL_FEED = join(mkdtempSync(join(tmpdir(), 'footnote-bench-')), 'feed.xml')
const { signal } = new AbortController()

/** The texts that ingest embeds: chunks under their headings, and sentences. */
function embeddedTexts() {
  const feed = parseFeed(readFileSync(REAL_FEED, 'utf8'), { fetchedAt: new Date(), baseUrl: null })
  const countTokens = createTokenCounter()
  const texts = feed.items.flatMap(({ title, html }) => {
    const { text, chunks } = chunkArticle(cleanHtml(html), { countTokens })
    return chunks.flatMap(({ headingPath, start, end, sentences }) => [
      `${chunkContext(title, headingPath)}\n${text.slice(start, end)}`,
      ...sentences.map((each) => text.slice(each.start, each.end)),
    ])
  })
  return { texts, articles: feed.items.length }
}

interface SentJob {
  readonly id: string
  readonly state: string
  readonly progress: { readonly total: number }
}

interface SentFeed {
  readonly id: string
  readonly articles: number
}

/** Until every article of the feed is published. */
async function untilRead(client: DoorClient, feedId: string): Promise<void> {
  for (;;) {
    const { items } = (await client.request('/v1/feeds', { signal })) as { items: SentFeed[] }
    if (items.find(({ id }) => id === feedId)?.articles === articles) return
    await sleep(50)
  }
}

async function untilDone(client: DoorClient, job: SentJob): Promise<SentJob> {
  let current = job
  while (current.state === 'waiting' || current.state === 'running') {
    await sleep(10)
    current = (await client.request(`/v1/jobs/${job.id}`, { signal })) as SentJob
  }
  return current
}

writeFileSync(SMALL_FEED, '<rss version="2.0"><channel><title>Nothing yet</title></channel></rss>')

const config = loadConfig(process.env)
const name = config.embeddingModel.kind === 'onnx' ? config.embeddingModel.name : ''
const { folder, spec } = await createModelStore({ dir: config.modelsDir }).ensureEmbedding(name)
const bare = await OnnxEmbeddings.open({
  folder,
  queryPrefix: spec.queryPrefix,
  threads: config.modelThreads,
})
const { texts, articles } = embeddedTexts()
await bare.embedDocuments(texts.slice(0, 20))

for (let run = 1; run <= RUNS; run += 1) {
  const bareAt = performance.now()
  await bare.embedDocuments(texts)
  const bareMs = performance.now() - bareAt
  await using bench = await startBenchService({ CHAT_MODEL: 'none', FEEDS: SMALL_FEED })
  const client = createDoorClient(bench.dataDir)
  const firstAt = performance.now()
  const body = { url: REAL_FEED }
  const feed = (await client.request('/v1/feeds', { method: 'POST', body, signal })) as SentFeed
  await untilRead(client, feed.id)
  const firstMs = performance.now() - firstAt
  const secondAt = performance.now()
  const path = `/v1/feeds/${feed.id}/refresh`
  const asked = (await client.request(path, { method: 'POST', signal })) as SentJob
  const second = await untilDone(client, asked)
  const secondMs = performance.now() - secondAt
  console.log(
    `run ${run}: ${texts.length} texts, bare ${bareMs.toFixed(0)} ms, ingest ${firstMs.toFixed(0)} ms, ` +
      `ratio ${(firstMs / bareMs).toFixed(2)}; again ${secondMs.toFixed(0)} ms, ` +
      `${second.progress.total} articles embedded`,
  )
  await client.close()
}
process.exit()
