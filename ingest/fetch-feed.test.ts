import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { AppError } from '../src/errors.ts'
import {
  createFeedFetcher,
  type FeedFetcherOptions,
  type FetchedFeed,
  type FetchResult,
  type KnownFeed,
} from './fetch-feed.ts'

const NOTHING: KnownFeed = { etag: null, lastModified: null, bodyHash: null }
const FEED = '<rss version="2.0"><channel><title>Harbour</title></channel></rss>'

interface TestServer extends AsyncDisposable {
  readonly host: string
  readonly url: string
  readonly requests: readonly IncomingMessage[]
  readonly connections: () => number
}

async function startServer(
  listener: RequestListener,
  { address = '127.0.0.1', port = 0 }: { address?: string; port?: number } = {},
): Promise<TestServer> {
  const requests: IncomingMessage[] = []
  let connections = 0
  const server = createServer((req, res) => {
    requests.push(req)
    listener(req, res)
  })
  server.on('connection', () => (connections += 1))
  server.listen(port, address)
  await once(server, 'listening')
  const host = `${address}:${(server.address() as AddressInfo).port}`
  return {
    host,
    url: `http://${host}/feed`,
    requests,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function fetchWith(
  options: FeedFetcherOptions,
  url: string,
  { known = NOTHING, signal }: { known?: KnownFeed; signal?: AbortSignal } = {},
): Promise<FetchResult> {
  const fetcher = createFeedFetcher(options)
  try {
    return await fetcher.fetch(url, known, { signal })
  } finally {
    await fetcher.close()
  }
}

/** What a server answers that may be fetched from. */
async function fetchFrom(
  listener: RequestListener,
  { known, limits }: { known?: KnownFeed; limits?: FeedFetcherOptions['limits'] } = {},
): Promise<FetchResult> {
  await using server = await startServer(listener)
  const options = { privateAllow: [server.host], limits }
  return await fetchWith(options, server.url, known === undefined ? {} : { known })
}

async function faultOf(result: Promise<FetchResult>): Promise<AppError> {
  const outcome: unknown = await result.catch((error: unknown) => error)
  expect(outcome).toBeInstanceOf(AppError)
  const error = outcome as AppError
  expect(error.code).toBe('feed-unavailable')
  return error
}

function fetched(result: FetchResult): FetchedFeed {
  if (result.status !== 'fetched') throw new Error(`it was ${result.status}`)
  return result
}

describe('an answer', () => {
  it('brings the text, what tells a later one apart, and where it came from', async () => {
    await using server = await startServer((_, res) => {
      res.writeHead(200, { etag: 'W/"1"', 'last-modified': 'Sat, 11 Apr 2026 17:13:56 GMT' })
      res.end(FEED)
    })
    const result = await fetchWith({ privateAllow: [server.host] }, `${server.url}?a=1#top`)
    expect(result).toEqual({
      status: 'fetched',
      body: FEED,
      etag: 'W/"1"',
      lastModified: 'Sat, 11 Apr 2026 17:13:56 GMT',
      bodyHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      finalUrl: `${server.url}?a=1`,
    })
    const [request] = server.requests
    expect(request?.headers['user-agent']).toBe('Footnote/0.1 (+feed reader)')
    expect(request?.headers['if-none-match']).toBeUndefined()
    expect(request?.url).toBe('/feed?a=1')
  })

  it('is not modified when the server says so to the validators it gave', async () => {
    const result = await fetchFrom(
      (req, res) => {
        const isKnown =
          req.headers['if-none-match'] === '"1"' && req.headers['if-modified-since'] === 'Sat'
        res.writeHead(isKnown ? 304 : 200).end()
      },
      { known: { etag: '"1"', lastModified: 'Sat', bodyHash: null } },
    )
    expect(result).toEqual({ status: 'not-modified' })
  })

  it('is not modified when its bytes are the same, whatever its ETag', async () => {
    const send: RequestListener = (_, res) => res.writeHead(200, { etag: '"new"' }).end(FEED)
    const { bodyHash } = fetched(await fetchFrom(send))
    const known = { etag: '"old"', lastModified: null, bodyHash }
    expect(await fetchFrom(send, { known })).toEqual({ status: 'not-modified' })
    const changed: RequestListener = (_, res) => res.writeHead(200, { etag: '"old"' }).end('new')
    expect(fetched(await fetchFrom(changed, { known })).body).toBe('new')
  })

  it('of 304 to a question without a condition is a fault', async () => {
    expect((await faultOf(fetchFrom((_, res) => res.writeHead(304).end()))).message).toContain(
      '304',
    )
  })

  it('has no validator that could not be sent back', async () => {
    const result = await fetchFrom((_, res) => res.writeHead(200, { etag: '"é"' }).end(FEED))
    expect(fetched(result).etag).toBeNull()
  })

  it('of 410 is a feed that is gone', async () => {
    expect(await fetchFrom((_, res) => res.writeHead(410).end('bye'))).toEqual({ status: 'gone' })
  })

  it.each([400, 401, 403, 404, 429, 500, 502, 503])(
    'of %i is a fault that names the status and not the body',
    async (status) => {
      const error = await faultOf(fetchFrom((_, res) => res.writeHead(status).end('sesame')))
      expect(error.message).toContain(String(status))
      expect(JSON.stringify(error)).not.toContain('sesame')
      expect(error.retryAfter).toBeUndefined()
    },
  )

  it.each([
    [429, '120', 120],
    [503, '120', 120],
    [503, '1', 60],
    [503, '0', 60],
    [503, '-5', 60],
    [503, '315360000', 86_400],
    [503, 'Sat, 11 Apr 2015 17:13:56 GMT', 60],
    [503, 'Sat, 11 Apr 2099 17:13:56 GMT', 86_400],
    [503, 'soon', undefined],
    [503, 'Sat, soon', undefined],
    [503, '1.5', undefined],
    [500, '120', undefined],
  ])('of %i with Retry-After %j says when to come back: %s', async (status, header, expected) => {
    const answer: RequestListener = (_, res) =>
      res.writeHead(status, { 'retry-after': header }).end()
    expect((await faultOf(fetchFrom(answer))).retryAfter).toBe(expected)
  })

  it('with Retry-After as a date is reckoned from now', async () => {
    const header = new Date(Date.now() + 600_000).toUTCString()
    const answer: RequestListener = (_, res) => res.writeHead(503, { 'retry-after': header }).end()
    const { retryAfter } = await faultOf(fetchFrom(answer))
    expect(retryAfter).toBeGreaterThan(590)
    expect(retryAfter).toBeLessThanOrEqual(600)
  })
})

describe('redirects', () => {
  const redirecting =
    (status: number, targets: Readonly<Record<string, string>>): RequestListener =>
    (req, res) => {
      const location = targets[req.url ?? '']
      if (location === undefined) res.end(FEED)
      else res.writeHead(status, { location }).end('moved')
    }

  it.each([301, 302, 303, 307, 308])('of %i are followed, relative ones too', async (status) => {
    const targets = { '/feed': 'a', '/a': '/b?c#d' }
    const { body, finalUrl } = fetched(await fetchFrom(redirecting(status, targets)))
    expect(body).toBe(FEED)
    expect(finalUrl).toMatch(/\/b\?c$/)
  })

  it('are followed five times and not six', async () => {
    const five = { '/feed': '1', '/1': '2', '/2': '3', '/3': '4', '/4': '5' }
    expect(fetched(await fetchFrom(redirecting(302, five))).body).toBe(FEED)
    const error = await faultOf(fetchFrom(redirecting(302, { ...five, '/5': '6' })))
    expect(error.message).toContain('more than 5 times')
  })

  it('in a loop are a fault', async () => {
    const error = await faultOf(fetchFrom(redirecting(302, { '/feed': '/a', '/a': '/feed#x' })))
    expect(error.message).toContain('loop')
  })

  it('to nowhere are a fault', async () => {
    for (const headers of [{}, { location: '' }, { location: 'http://' }]) {
      const error = await faultOf(fetchFrom((_, res) => res.writeHead(302, headers).end()))
      expect(error.message).toContain('no address')
    }
  })

  it.each(['file:///etc/hostname', 'ftp://example.org/', 'data:text/xml,x', 'gopher://127.0.0.1/'])(
    'to %s are refused',
    async (location) => {
      const error = await faultOf(fetchFrom((_, res) => res.writeHead(302, { location }).end()))
      expect(error.message).toContain('could not be reached')
    },
  )
})

describe('an address inside the network', () => {
  // Only an address of its own can have one of the ports that the rules let through.
  const SINK = '127.83.11.7'
  const PUBLIC_BUT_NOWHERE = { address: '3ffe::1', family: 6 }
  const limits = { connectMs: 500 }

  async function startSink({ skip }: TestContext): Promise<TestServer> {
    const answer: RequestListener = (_, res) => res.end(FEED)
    for (const port of [8080, 8443]) {
      try {
        return await startServer(answer, { address: SINK, port })
      } catch {
        continue
      }
    }
    return skip(`neither port 8080 nor 8443 of ${SINK} is free here`)
  }

  const toSink = () => Promise.resolve([{ address: SINK, family: 4 }])

  function expectRefusal(error: AppError, url: string): void {
    expect(error.message).toBe(
      `The feed at ${new URL(url).host} could not be reached. A feed has an http or https address ` +
        'without a user name, on port 80, 443, 8080 or 8443 and not on a private network, unless ' +
        'FEED_PRIVATE_ALLOW names it.',
    )
  }

  it.for([
    ['as it is', SINK],
    ['in decimal', '2136148743'],
    ['in octal', '0177.0123.013.07'],
    ['in hexadecimal', '0x7f.0x53.0xb.0x7'],
    ['as one hexadecimal number', '0x7f530b07'],
    ['shortened', '127.5442311'],
    ['with a dot', `${SINK}.`],
    ['mapped into IPv6', `[::ffff:${SINK}]`],
    ['compatible with IPv6', `[::${SINK}]`],
    ['in NAT64', `[64:ff9b::${SINK}]`],
    ['behind a user name', `example.org@${SINK}`],
    ['by a name', 'sink.example'],
    ['by the name localhost', 'localhost.'],
  ])('is refused %s, without a connection', async ([, host], context) => {
    await using sink = await startSink(context)
    const url = `http://${host}:${new URL(sink.url).port}/feed`
    const error = await faultOf(fetchWith({ privateAllow: [], lookup: toSink }, url))
    expectRefusal(error, url)
    expect(sink.connections()).toBe(0)
  })

  it('is fetched from where its operator allows it', async (context) => {
    await using sink = await startSink(context)
    const url = sink.url.replace(SINK, 'sink.example')
    const options = { privateAllow: [new URL(url).host], lookup: toSink }
    expect(fetched(await fetchWith(options, url)).body).toBe(FEED)
    expect(fetched(await fetchWith({ privateAllow: [SINK] }, sink.url)).body).toBe(FEED)
    expect(sink.connections()).toBe(2)
  })

  it('is refused when a public name turns to it, each name being asked once', async (context) => {
    await using sink = await startSink(context)
    const url = sink.url.replace(SINK, 'rebinding.example')
    const answers = [PUBLIC_BUT_NOWHERE, { address: SINK, family: 4 }]
    const lookup = () => Promise.resolve(answers.splice(0, 1))
    const fetcher = createFeedFetcher({ privateAllow: [], lookup, limits })
    for (const left of [1, 0]) {
      expectRefusal(await faultOf(fetcher.fetch(url, NOTHING, {})), url)
      expect(answers).toHaveLength(left)
    }
    await fetcher.close()
    expect(sink.connections()).toBe(0)
  })

  it('is refused when a name has a public one beside it', async (context) => {
    await using sink = await startSink(context)
    const url = sink.url.replace(SINK, 'both.example')
    const lookup = () => Promise.resolve([PUBLIC_BUT_NOWHERE, { address: SINK, family: 4 }])
    expectRefusal(await faultOf(fetchWith({ privateAllow: [], lookup, limits }, url)), url)
    expect(sink.connections()).toBe(0)
  })

  it.each([
    'http://example.org:22/feed',
    'https://example.org:6379/feed',
    'http://me@example.org/feed',
    'http://me:secret@example.org/feed',
    'ftp://example.org/feed',
  ])('is not even looked up for %s', async (url) => {
    const asked: string[] = []
    const lookup = (hostname: string) => {
      asked.push(hostname)
      return Promise.resolve([PUBLIC_BUT_NOWHERE])
    }
    expectRefusal(await faultOf(fetchWith({ privateAllow: [], lookup, limits }, url)), url)
    expect(asked).toEqual([])
  })

  it('is refused at the end of a redirect', async (context) => {
    await using sink = await startSink(context)
    for (const location of [sink.url, sink.url.replace(SINK, 'sink.example')]) {
      await using server = await startServer((_, res) => res.writeHead(302, { location }).end())
      const options = { privateAllow: [server.host], lookup: toSink }
      expectRefusal(await faultOf(fetchWith(options, server.url)), location)
    }
    expect(sink.connections()).toBe(0)
  })

  it('gives the same text as a port where nothing listens and a name that is not there', async () => {
    const server = await startServer(() => undefined)
    await server[Symbol.asyncDispose]()
    expectRefusal(await faultOf(fetchWith({ privateAllow: [server.host] }, server.url)), server.url)
    const lookup = () => Promise.reject(new Error('ENOTFOUND'))
    const url = 'http://nowhere.example/feed'
    expectRefusal(await faultOf(fetchWith({ privateAllow: [], lookup }, url)), url)
    const empty = () => Promise.resolve([])
    expectRefusal(await faultOf(fetchWith({ privateAllow: [], lookup: empty }, url)), url)
  })
})

describe('a server that misbehaves', () => {
  it('and never answers is given up', async () => {
    const error = await faultOf(fetchFrom(() => undefined, { limits: { headersMs: 100 } }))
    expect(error.message).toContain('did not answer in time')
  })

  it.each([
    ['never ends its headers', () => undefined],
    ['sends a byte now and then', dripping],
  ])('and %s is given up after the total time', async (_, listener) => {
    const error = await faultOf(fetchFrom(listener, { limits: { totalMs: 300 } }))
    expect(error.message).toContain('did not answer in time')
  })

  it('and redirects slowly is given up after the total time', async () => {
    let hop = 0
    const listener: RequestListener = (_, res) => {
      setTimeout(() => res.writeHead(302, { location: `/${(hop += 1)}` }).end(), 150)
    }
    const error = await faultOf(fetchFrom(listener, { limits: { totalMs: 400 } }))
    expect(error.message).toContain('did not answer in time')
  })

  it.each([
    ['its length', { 'content-length': '1000' }],
    ['its chunks', {}],
  ])('and breaks off before the end of %s gives no half feed', async (_, headers) => {
    const error = await faultOf(
      fetchFrom((_req, res) => {
        res.writeHead(200, headers)
        res.write(FEED.slice(0, 20), () => res.destroy())
      }),
    )
    expect(error.message).toContain('broke off before its end')
  })

  it('and speaks no TLS where it should is not reached', async () => {
    await using server = await startServer((_, res) => res.end(FEED))
    const url = server.url.replace('http:', 'https:')
    const error = await faultOf(fetchWith({ privateAllow: [server.host] }, url))
    expect(error.message).toContain('could not be reached')
  })

  it('and sends without end is cut off at the limit', async () => {
    const limits = { maxBytes: 100_000 }
    let sent = 0
    const endless: RequestListener = (_, res) => {
      const send = (): void => {
        sent += 1
        if (!res.destroyed) res.write(Buffer.alloc(10_000), send)
      }
      send()
    }
    const error = await faultOf(fetchFrom(endless, { limits }))
    expect(error.message).toContain('is larger than')
    expect(sent).toBeLessThan(1_000)
  })
})

function dripping(_: IncomingMessage, res: Parameters<RequestListener>[1]): void {
  res.writeHead(200)
  const timer = setInterval(() => res.write('x'), 20)
  res.on('close', () => {
    clearInterval(timer)
  })
}

it("ends when its caller does, with the caller's reason", async () => {
  await using server = await startServer(() => undefined)
  const controller = new AbortController()
  const options = { privateAllow: [server.host] }
  const result = fetchWith(options, server.url, { signal: controller.signal })
  setTimeout(() => {
    controller.abort(new Error('enough'))
  }, 50)
  await expect(result).rejects.toThrow('enough')
  await expect(
    fetchWith(options, server.url, { signal: AbortSignal.abort(new Error('before')) }),
  ).rejects.toThrow('before')
})

it('refuses what is no address', async () => {
  for (const url of ['', 'feed.xml', './feed.xml', 'http://', 'example.org/feed']) {
    const error = await faultOf(fetchWith({ privateAllow: [] }, url))
    expect(error.message).toContain('http://')
  }
})

describe('a compressed answer', () => {
  const encoded =
    (encoding: string, body: Buffer): RequestListener =>
    (_, res) =>
      res.writeHead(200, { 'content-encoding': encoding }).end(body)

  it.each([
    ['gzip', gzipSync(FEED)],
    ['X-GZIP', gzipSync(FEED)],
    ['br', brotliCompressSync(FEED)],
    ['deflate', deflateSync(FEED)],
    ['deflate', deflateRawSync(FEED)],
    ['identity', Buffer.from(FEED)],
    ['gzip, gzip', gzipSync(gzipSync(FEED))],
    ['br, gzip', gzipSync(brotliCompressSync(FEED))],
    ['gzip', Buffer.alloc(0)],
  ])('is read by its encoding: %s', async (encoding, body) => {
    const result = fetched(await fetchFrom(encoded(encoding, body)))
    expect(result.body).toBe(body.length === 0 ? '' : FEED)
  })

  it.each([
    ['gzip', Buffer.from(FEED)],
    ['gzip', gzipSync(FEED).subarray(0, -10)],
    ['br', gzipSync(FEED)],
    ['zstd', Buffer.from(FEED)],
    ['gzip, gzip, gzip', gzipSync(gzipSync(gzipSync(FEED)))],
  ])('that is not what it says, %s, is a fault', async (encoding, body) => {
    const error = await faultOf(fetchFrom(encoded(encoding, body)))
    expect(error.message).toContain('cannot be decompressed')
  })

  const MANY_BYTES = Buffer.alloc(60 * 1024 * 1024)

  it.each([
    ['gzip', gzipSync(MANY_BYTES)],
    ['gzip, gzip', gzipSync(gzipSync(MANY_BYTES))],
    ['br', brotliCompressSync(MANY_BYTES, { params: { 1: 1 } })],
    ['deflate', deflateSync(MANY_BYTES)],
  ])('is stopped where it grows beyond 5 MB: %s', async (encoding, bomb) => {
    expect(bomb.length).toBeLessThan(100_000)
    const before = process.memoryUsage().rss
    const error = await faultOf(fetchFrom(encoded(encoding, bomb)))
    expect(error.message).toContain('is larger than 5 MB')
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * 1024 * 1024)
  })
})

describe('the text of an answer', () => {
  const inUtf16 = (text: string) => Buffer.from(text, 'utf16le')
  const inLatin1 = (text: string) => Buffer.from(text, 'latin1')
  const declared = (label: string) => `<?xml version="1.0" encoding="${label}"?><a>é</a>`

  it.each([
    ['UTF-8 without a word', '', Buffer.from('<a>é</a>')],
    ['what HTTP says', 'text/xml; charset=iso-8859-1', inLatin1('<a>é</a>')],
    ['what HTTP says, quoted', 'text/xml;charset="ISO-8859-1"; x=y', inLatin1('<a>é</a>')],
    ['HTTP before the declaration', 'text/xml; charset=utf-8', Buffer.from(declared('latin1'))],
    ['the declaration', 'text/xml', inLatin1(declared('iso-8859-1'))],
    [
      'the declaration where HTTP names nothing known',
      'a/b; charset=x',
      inLatin1(declared('latin1')),
    ],
    ['UTF-8 where nothing known is named', 'a/b; charset=x', Buffer.from(declared('klingon'))],
    ['a mark before the declaration', '', Buffer.from(`\ufeff${declared('latin1')}`)],
    ['UTF-16 with a mark', '', inUtf16(`\ufeff${declared('utf-16')}`)],
    ['UTF-16 with the other mark', '', inUtf16(`\ufeff${declared('utf-8')}`).swap16()],
    ['UTF-16 without a mark', '', inUtf16(declared('utf-16'))],
    ['UTF-8 that poses as UTF-16', '', Buffer.from(declared('utf-16'))],
  ])('is decoded by %s', async (_, contentType, body) => {
    const result = await fetchFrom((_req, res) =>
      res.writeHead(200, contentType === '' ? {} : { 'content-type': contentType }).end(body),
    )
    expect(fetched(result).body).toMatch(/<a>é<\/a>$/)
  })
})

describe('a file', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'footnote-feed-'))
    await writeFile(join(folder, 'a feed.xml'), FEED)
  })
  afterAll(async () => {
    await rm(folder, { recursive: true })
  })
  const read = (url: string, options: Partial<FeedFetcherOptions> = {}) =>
    fetchWith({ privateAllow: [], ...options }, url)

  it('is read by its path and by its address', async () => {
    const path = join(folder, 'a feed.xml')
    for (const url of [path, pathToFileURL(path).href]) {
      const result = fetched(await read(url))
      expect(result).toMatchObject({ body: FEED, etag: null, lastModified: null, finalUrl: url })
      const known = { ...NOTHING, bodyHash: result.bodyHash }
      const again = await fetchWith({ privateAllow: [] }, url, { known })
      expect(again).toEqual({ status: 'not-modified' })
    }
  })

  it('that is missing, a directory or too large is a fault that names it', async () => {
    const path = join(folder, 'a feed.xml')
    const missing = join(folder, 'none.xml')
    expect((await faultOf(read(missing))).message).toBe(`The feed file ${missing} does not exist.`)
    expect((await faultOf(read(folder))).message).toContain(`${folder} is a directory`)
    expect((await faultOf(read('/dev/null'))).message).toContain('not a regular file')
    expect((await faultOf(read(path, { limits: { maxBytes: 10 } }))).message).toContain(
      'larger than',
    )
    expect((await faultOf(read('file://elsewhere/feed.xml'))).message).toContain('file:///')
  })

  it('is not read for a caller who has gone', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    const path = join(folder, 'a feed.xml')
    await expect(fetchWith({ privateAllow: [] }, path, { signal })).rejects.toThrow('enough')
  })
})
