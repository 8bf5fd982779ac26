import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { withOwner } from '../src/bring-up-database.ts'
import { toFeedAddress, type Config } from '../src/config.ts'
import { claimDoor } from '../src/door.ts'
import { migrate, migrationState } from '../src/db/migrate.ts'
import { openDatabase } from '../src/db/open-database.ts'
import { AppError, type ErrorCode } from '../src/errors.ts'
import { toProblem } from '../src/http/problem.ts'
import { findTakenBack } from '../web/taken-back.ts'
import { toError, type DoorClient } from './door-client.ts'
import { formatAnswer, type SentAnswer } from './print-answer.ts'
import { formatExplanation, formatSearch, type SentSearch } from './print-search.ts'
import { withService } from './with-service.ts'

export interface CommandContext {
  readonly config: Config
  readonly signal: AbortSignal
  readonly isJson: boolean
  readonly print: (text: string) => void
  /** Words as they come, for a reader at a terminal: they are not the answer yet. */
  readonly preview: (text: string) => void
  readonly note: (text: string) => void
}

interface SentFeed {
  readonly id: string
  readonly url: string
  readonly title: string
  readonly status: string
  readonly problem: string | null
  readonly articles: number
}

interface SentJob {
  readonly id: string
  readonly state: string
  readonly progress: { readonly done: number; readonly total: number }
  readonly error: string | null
  /** Null where it is nothing of the feed's or the disk's own. */
  readonly code: ErrorCode | null
}

export interface AskFlags {
  /** Whether it is answered anew, where an answer is kept already. */
  readonly fresh?: boolean
}

export async function ask(
  context: CommandContext,
  question: string,
  { fresh = false }: AskFlags = {},
): Promise<void> {
  const { config, signal, isJson, print, note, preview } = context
  await withService({ config, needsChat: true, readsLibrary: true, signal }, async (client) => {
    const body = { question, stream: true, fresh }
    let streamed = ''
    for await (const { event, data } of client.stream('/v1/chat', {
      method: 'POST',
      body,
      signal,
    })) {
      const value: unknown = JSON.parse(data)
      if (event === 'answer-queued')
        note(`waiting: place ${(value as { position: number }).position}`)
      if (event === 'answer-delta') {
        const { text } = value as { text: string }
        streamed += text
        preview(text)
      }
      if (event === 'answer-error') throw toError(value)
      if (event === 'answer-end') {
        const answer = value as SentAnswer
        preview(`${takenBackNote(streamed, answer)}\n\n`)
        print(isJson ? JSON.stringify(value) : formatAnswer(answer))
        if (answer.cached) note('This answer was kept. --fresh has the question answered anew.')
        return
      }
    }
    throw new AppError('shutting-down', 'The answer broke off. Ask again.')
  })
}

/** Stands right behind the words that were shown, as dim as they are. */
function takenBackNote(streamed: string, answer: SentAnswer): string {
  const taken = findTakenBack(streamed, answer)
  return taken === null ? '' : `\n(${taken.notice} “${taken.words}”)`
}

/** As they are given: the service checks them. */
export interface SearchFlags {
  readonly k?: string
  readonly tokens?: string
  /** The id of an article. */
  readonly explain?: string
}

/** Prints the passages, or of one article why it is among them or not. */
export async function search(
  context: CommandContext,
  query: string,
  { k, tokens, explain }: SearchFlags,
): Promise<void> {
  const { config, signal, isJson, print } = context
  await withService({ config, needsChat: false, readsLibrary: true, signal }, async (client) => {
    const parameters = new URLSearchParams({
      q: query,
      ...(k === undefined ? {} : { k }),
      ...(tokens === undefined ? {} : { tokens }),
      ...(explain === undefined ? {} : { explain }),
    })
    const path = `/v1/search?${parameters.toString()}`
    const found = (await client.request(path, { signal })) as SentSearch
    if (isJson) return print(JSON.stringify(found))
    if (found.explain !== undefined) return print(formatExplanation(found.explain))
    print(formatSearch(found))
  })
}

/** Adds the feeds that are named and refreshes them, or those of FEEDS and refreshes all. */
export async function ingest(context: CommandContext, feeds: readonly string[]): Promise<void> {
  const { config, signal, note } = context
  const isAll = feeds.length === 0
  await withService({ config, needsChat: false, readsLibrary: false, signal }, async (client) => {
    const wanted = []
    for (const url of isAll ? config.feeds : feeds) wanted.push(await addFeed(client, url, signal))
    const added = new Set(wanted.map(({ id }) => id))
    if (isAll) wanted.push(...(await listFeeds(client, signal)).filter(({ id }) => !added.has(id)))
    if (wanted.length === 0) note('There are no feeds. Add one with: footnote feeds add ADDRESS')
    const results = []
    for (const feed of wanted) results.push(await refresh(context, client, feed))
    if (context.isJson) context.print(JSON.stringify({ items: results }))
    const failed = results.find(({ job }) => job.state === 'failed')
    if (failed !== undefined) {
      throw new AppError(
        failed.job.code ?? 'feed-unavailable',
        `${failed.feed.url}: ${failed.job.error ?? 'it failed'}`,
      )
    }
  })
}

const JOB_POLL_MS = 150

async function refresh(
  { signal, note, print, isJson }: CommandContext,
  client: DoorClient,
  feed: SentFeed,
): Promise<{ feed: SentFeed; job: SentJob }> {
  const path = `/v1/feeds/${feed.id}/refresh`
  let job = (await client.request(path, { method: 'POST', signal })) as SentJob
  let shown = ''
  while (job.state === 'waiting' || job.state === 'running') {
    await sleep(JOB_POLL_MS, undefined, { signal })
    job = (await client.request(`/v1/jobs/${job.id}`, { signal })) as SentJob
    const { done, total } = job.progress
    if (total > 0 && shown !== `${done}/${total}`) note(`${feed.url}: ${done} of ${total} articles`)
    shown = `${done}/${total}`
  }
  if (!isJson) {
    const news = await countNews(client, { feed, job, signal })
    print(
      `${feed.url}: ${job.error ?? (news === 0 ? 'nothing new' : `${news} articles new or changed`)}`,
    )
  }
  return { feed, job }
}

interface Refreshed {
  /** As it was before. */
  readonly feed: SentFeed
  readonly job: SentJob
  readonly signal: AbortSignal
}

/** A feed just added has a first refresh of its own, which may have left nothing to this one. */
async function countNews(client: DoorClient, { feed, job, signal }: Refreshed): Promise<number> {
  if (job.progress.total > 0) return job.progress.total
  const now = (await listFeeds(client, signal)).find(({ id }) => id === feed.id)
  return Math.max(0, (now?.articles ?? 0) - feed.articles)
}

async function listFeeds(client: DoorClient, signal: AbortSignal): Promise<SentFeed[]> {
  return ((await client.request('/v1/feeds', { signal })) as { items: SentFeed[] }).items
}

async function addFeed(client: DoorClient, feed: string, signal: AbortSignal): Promise<SentFeed> {
  const body = { url: toFeedAddress(feed) }
  return (await client.request('/v1/feeds', { method: 'POST', body, signal })) as SentFeed
}

export async function feedsAdd(context: CommandContext, feeds: readonly string[]): Promise<void> {
  await ingest(context, feeds)
}

export async function feedsList({ config, signal, isJson, print }: CommandContext): Promise<void> {
  await withService({ config, needsChat: false, readsLibrary: false, signal }, async (client) => {
    const items = await listFeeds(client, signal)
    if (isJson) return print(JSON.stringify({ items }))
    for (const { url, title, status, problem, articles } of items) {
      print(
        `${status}\t${articles} articles\t${url}\t${title}${problem === null ? '' : `\t${problem}`}`,
      )
    }
  })
}

export async function feedsRemove(context: CommandContext, feed: string): Promise<void> {
  const { config, signal, isJson, print } = context
  await withService({ config, needsChat: false, readsLibrary: false, signal }, async (client) => {
    const items = await listFeeds(client, signal)
    const found = items.find(({ id, url }) => id === feed || url === toFeedAddress(feed))
    if (found === undefined) {
      throw new AppError('not-found', `There is no feed ${feed}. "footnote feeds list" names them.`)
    }
    await client.request(`/v1/feeds/${found.id}`, { method: 'DELETE', signal })
    if (isJson) return print(JSON.stringify({ removed: found }))
    print(`removed ${found.url} with its ${found.articles} articles`)
  })
}

/** Works on the database itself, so the service must not run on the data folder. */
export async function migrateDatabase(
  { config, print, isJson }: CommandContext,
  action: 'up' | 'down' | 'status',
): Promise<void> {
  const door = createMigrationDoor()
  await claimDoor(door, config.dataDir)
  const database = openDatabase({
    url: config.migrateDatabaseUrl ?? config.databaseUrl,
    dataDir: config.dataDir,
    onError: () => undefined,
  })
  try {
    const done =
      action === 'status'
        ? []
        : await withOwner(config, database, (owner) =>
            database.unhurried(() => migrate(owner, action)),
          )
    const state = await migrationState(database.pool)
    if (isJson) return print(JSON.stringify({ done, ...state }))
    for (const name of done) print(`${action}\t${name}`)
    print(
      `applied: ${state.applied.join(', ') || 'none'}; pending: ${state.pending.join(', ') || 'none'}`,
    )
  } finally {
    await database.close()
    await new Promise((resolve) => door.close(resolve))
  }
}

/** Other commands find a service here: one that answers nothing until it is done. */
function createMigrationDoor(): Server {
  const error = new AppError('shutting-down', 'The database is being migrated.')
  return createServer((_request, response) => {
    response
      .writeHead(503, { 'Content-Type': 'application/problem+json' })
      .end(JSON.stringify(toProblem(error, randomUUID())))
  })
}
