import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FeedReply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** The reply is held back until this resolves. */
  readonly after?: Promise<void>
}

export interface FeedServer extends AsyncDisposable {
  /** As `FEED_PRIVATE_ALLOW` names it. */
  readonly host: string
  url(path: string): string
  /** What a path answers from now on; one that was never set answers 404. */
  set(path: string, reply: FeedReply): void
  readonly requests: readonly IncomingMessage[]
  /** Requests that brought an `If-None-Match` or an `If-Modified-Since`. */
  readonly conditional: number
}

/** A feed's server on this machine that does what it is told. With an ETag of its reply it answers 304. */
export async function openFeedServer(): Promise<FeedServer> {
  const replies = new Map<string, FeedReply>()
  const requests: IncomingMessage[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    requests.push(request)
    const reply = replies.get(request.url ?? '') ?? { status: 404 }
    await reply.after
    const { status = 200, headers = {}, body = '' } = reply
    const etag = headers['etag']
    if (etag !== undefined && request.headers['if-none-match'] === etag) {
      response.writeHead(304, headers).end()
    } else {
      response.writeHead(status, headers).end(body)
    }
  }
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    host,
    url: (path) => `http://${host}${path}`,
    set: (path, reply) => replies.set(path, reply),
    requests,
    get conditional() {
      return requests.filter(({ headers }) => isConditional(headers)).length
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function isConditional(headers: IncomingMessage['headers']): boolean {
  return headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined
}
