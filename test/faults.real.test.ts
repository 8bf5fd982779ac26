// What a trusted service does when it is killed, started twice or told to stop; the built service, for
// real. Without a chat model, so that a start costs seconds.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '../src/db/open-database.ts'
import { postJson, startRunningService } from './running-service.ts'

let dataDir: string
/** A small feed: the handbook would have a start take longer. */
let env: { readonly CHAT_MODEL: string; readonly FEEDS: string }

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'footnote-faults-'))
  env = { CHAT_MODEL: 'none', FEEDS: writeFeed(2) }
})

afterEach(() => {
  rmSync(dataDir, { recursive: true, force: true })
})

/** A feed of articles that are told apart by a number. */
function writeFeed(articles: number): string {
  const items = Array.from(
    { length: articles },
    (_, at) =>
      `<item><guid>item-${at}</guid><title>Article ${at}</title><description>` +
      `&lt;p&gt;The number of article ${at} is ${at * 1000}. It speaks of lighthouses and of ropes.&lt;/p&gt;` +
      '</description></item>',
  )
  const path = join(dataDir, 'feed.xml')
  writeFileSync(
    path,
    `<rss version="2.0"><channel><title>Numbers</title>${items.join('')}</channel></rss>`,
  )
  return path
}

async function articlesAt(url: string): Promise<number> {
  const { items } = (await (await fetch(`${url}/v1/feeds`)).json()) as {
    items: { articles: number }[]
  }
  return items.reduce((sum, { articles }) => sum + articles, 0)
}

describe('killed at a random moment of its first start', () => {
  it('starts again with every article once', async () => {
    const feed = writeFeed(20)
    for (let round = 0; round < 12; round += 1) {
      const service = startRunningService({ dataDir, env: { ...env, FEEDS: feed } })
      // Spread over the whole of a start, which takes 3 to 6 s.
      await sleep(200 + round * 400)
      await service.kill()
    }
    await using service = startRunningService({ dataDir, env: { ...env, FEEDS: feed } })
    const url = await service.untilReady()
    await expect.poll(() => articlesAt(url), { timeout: 120_000, interval: 250 }).toBe(20)
    const answer = await postJson(`${url}/v1/chat`, {
      question: 'What is the number of article 7?',
    })
    expect(answer).toMatchObject({ status: 'extracted' })
  })
})

describe('killed while it streams an answer', () => {
  it('has kept none, and answers again', async () => {
    const chat = { ...env, CHAT_MODEL: 'llama:smollm2-135m-instruct-q4_1' }
    const body = { question: 'What is the number of article 1?', stream: true }
    const service = startRunningService({ dataDir, env: chat })
    const url = await service.untilReady()
    const response = await fetch(`${url}/v1/chat`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    const events = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let seen = ''
    while (!seen.includes('answer-delta')) seen += (await events?.read())?.value ?? ''
    await service.kill()
    expect(seen).not.toContain('answer-end')
    expect(await countKeptAnswers()).toBe(0)
    await using again = startRunningService({ dataDir, env: chat })
    const answer = await postJson(`${await again.untilReady()}/v1/chat`, { ...body, stream: false })
    expect(answer).toHaveProperty('id')
  })

  async function countKeptAnswers(): Promise<number> {
    const database = openDatabase({ url: undefined, dataDir, onError: () => undefined })
    const { rows } = await database.pool.query<{ kept: number }>(
      'select count(*)::integer as kept from answer',
    )
    await database.close()
    return rows[0]?.kept ?? Number.NaN
  }
})

describe('two on one data folder', () => {
  it('are one: the second ends with 69 and says why, and the first goes on', async () => {
    await using first = startRunningService({ dataDir, env })
    const url = await first.untilReady()
    await using second = startRunningService({ dataDir, env })
    expect(await second.exited).toBe(69)
    expect(second.output).toContain('Another Footnote uses the data folder')
    expect((await fetch(`${url}/readyz`)).ok).toBe(true)
  })

  it('are one when they start at once', async () => {
    await using first = startRunningService({ dataDir, env })
    await using second = startRunningService({ dataDir, env })
    const loser = await Promise.race([
      first.exited.then((code) => ({ code, winner: second })),
      second.exited.then((code) => ({ code, winner: first })),
    ])
    expect(loser.code).toBe(69)
    await loser.winner.untilReady()
  })

  it('follow each other after a kill', async () => {
    const first = startRunningService({ dataDir, env })
    await first.untilReady()
    await first.kill()
    await using second = startRunningService({ dataDir, env })
    await second.untilReady()
  })
})

describe('told to stop', () => {
  it('ends with 0, and the next start ingests nothing again', async () => {
    const feed = writeFeed(3)
    await using first = startRunningService({ dataDir, env: { ...env, FEEDS: feed } })
    const url = await first.untilReady()
    await expect.poll(() => articlesAt(url), { timeout: 60_000 }).toBe(3)
    expect(await first.stop()).toBe(0)
    await using second = startRunningService({ dataDir, env: { ...env, FEEDS: feed } })
    const again = await second.untilReady()
    const { items } = (await (await fetch(`${again}/v1/articles`)).json()) as {
      items: { revision: number }[]
    }
    expect(items.map(({ revision }) => revision)).toEqual([1, 1, 1])
  })
})

describe('started wrongly', () => {
  it('names every bad setting and ends with 78', async () => {
    await using service = startRunningService({
      dataDir,
      env: { ...env, PORT: 'x', CHAT_MODEL: 'gpt' },
    })
    expect(await service.exited).toBe(78)
    expect(service.output).toMatch(/PORT.*CHAT_MODEL|CHAT_MODEL.*PORT/s)
  })

  it('says that the port is in use and ends with 69', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    await using service = startRunningService({ dataDir, env: { ...env, PORT: String(port) } })
    expect(await service.exited).toBe(69)
    expect(service.output).toContain(`Port ${port} is in use`)
    other.close()
  })

  it('says that a feed file is missing, and reads the others', async () => {
    const feeds = `${join(dataDir, 'absent.xml')} ${writeFeed(2)}`
    await using service = startRunningService({ dataDir, env: { ...env, FEEDS: feeds } })
    const url = await service.untilReady()
    const { items } = (await (await fetch(`${url}/v1/feeds`)).json()) as {
      items: { status: string; problem: string | null }[]
    }
    expect(items.map(({ status }) => status).toSorted()).toEqual(['failing', 'ok'])
    expect(items.find(({ status }) => status === 'failing')?.problem).toContain('absent.xml')
  })
})

describe('the command line', () => {
  const run = (...words: string[]) =>
    promisify(execFile)(process.execPath, ['dist/bin/footnote.js', ...words], {
      env: { ...process.env, ...env, FEEDS: '', DATA_DIR: dataDir },
    })

  it('ingests, searches and lists without a server', async () => {
    const feed = writeFeed(2)
    expect((await run('ingest', feed)).stdout).toContain(feed)
    expect((await run('search', 'lighthouses')).stdout).toContain('Article')
    const listed = JSON.parse((await run('feeds', 'list', '--json')).stdout) as {
      items: { articles: number }[]
    }
    expect(listed.items[0]?.articles).toBe(2)
  })

  it('is a client of the server that runs', async () => {
    await using service = startRunningService({ dataDir, env: { ...env, FEEDS: writeFeed(2) } })
    await service.untilReady()
    expect((await run('ask', 'What is the number of article 1?')).stdout).toContain('1000')
  })

  it('refuses to migrate under a running server', async () => {
    await using service = startRunningService({ dataDir, env })
    await service.untilReady()
    await expect(run('migrate', 'status')).rejects.toMatchObject({ code: 69 })
  })

  it('ends with 64 for an unknown command', async () => {
    await expect(run('frobnicate')).rejects.toMatchObject({ code: 64 })
  })
})
