// A small HTTP server with the page's files and scripted answers, so that the page can be tried
// with words and addresses that no real article would have.

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'

/** The policy the service sends with its page. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
  "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'"

export interface Call {
  readonly authorization: string | undefined
  readonly body: unknown
  readonly response: ServerResponse
}

type Script = (call: Call) => void | Promise<void>

export interface PageService extends AsyncDisposable {
  readonly origin: string
  /** By method and path, without the query: `POST /v1/chat`. */
  readonly scripts: Map<string, Script>
  /** Every call that had a script, in the order they came. */
  readonly calls: { readonly name: string; readonly call: Call }[]
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

export async function openPageService(root: string): Promise<PageService> {
  const scripts = new Map<string, Script>()
  const calls: { name: string; call: Call }[] = []

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('content-security-policy', PAGE_POLICY)
    const path = new URL(request.url ?? '/', 'http://page').pathname
    const name = `${request.method} ${path}`
    const script = scripts.get(name)
    if (script === undefined)
      return sendFile(response, join(root, path === '/' ? 'index.html' : path))
    const call = {
      authorization: request.headers.authorization,
      body: await bodyOf(request),
      response,
    }
    calls.push({ name, call })
    await script(call)
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    scripts,
    calls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json'
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(value))
}

interface EventWriter {
  event(name: string, data: unknown): void
  raw(text: string): void
  end(): void
}

export function openEvents(response: ServerResponse): EventWriter {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const raw = (text: string) => void response.write(text)
  return {
    raw,
    event: (name, data) => raw(eventText(name, data)),
    end: () => void response.end(),
  }
}

export function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

async function sendFile(response: ServerResponse, path: string): Promise<void> {
  const type = MEDIA_TYPES[extname(path)]
  const content = type === undefined ? null : await readFile(path).catch(() => null)
  if (type === undefined || content === null) {
    return sendJson(response, { title: 'Not found', status: 404 }, 404)
  }
  response.writeHead(200, { 'content-type': type }).end(content)
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString('utf8')
  return text === '' ? null : JSON.parse(text)
}
