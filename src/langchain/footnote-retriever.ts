import { Document } from '@langchain/core/documents'
import { BaseRetriever, type BaseRetrieverInput } from '@langchain/core/retrievers'
import { z } from 'zod'

// For other projects: it knows of the service what stands in its HTTP contract and imports none of it,
// so that its declarations stand alone.

type AnyOf = string | readonly string[]
type Time = string | Date

/** As the service has them: each is optional, of several values any is enough. */
export interface FootnoteFilters {
  readonly feed?: AnyOf | undefined
  readonly author?: AnyOf | undefined
  readonly category?: AnyOf | undefined
  /** Inclusive. */
  readonly publishedAfter?: Time | undefined
  /** Exclusive. */
  readonly publishedBefore?: Time | undefined
  /** The time that counts as now; later articles are hidden. */
  readonly asOf?: Time | undefined
}

export interface FootnoteRetrieverOptions extends BaseRetrieverInput {
  /** Where the service listens: http://127.0.0.1:3000. */
  readonly url: string
  readonly apiKey?: string | undefined
  /** Passages wanted, 1 to 50; each is a whole chunk of an article. */
  readonly k?: number | undefined
  /** In place of `k`, 50 to 4000: the best sentences, packed into so many tokens. */
  readonly tokens?: number | undefined
  readonly filters?: FootnoteFilters | undefined
  /** Ends what is under way, as LangChain hands none to a retriever. */
  readonly signal?: AbortSignal | undefined
}

const scores = z.object({
  keyword: z.number().nullable(),
  vector: z.number().nullable(),
  fused: z.number(),
})

const metadata = {
  articleId: z.string(),
  revision: z.number(),
  url: z.string().nullable(),
  title: z.string(),
  heading: z.string(),
  publishedAt: z.string().nullable(),
  start: z.number(),
  end: z.number(),
  scores,
}

const found = z.object({ passages: z.array(z.object({ ...metadata, text: z.string() })) })
const problem = z.object({ code: z.string(), detail: z.string() })

/** Where a passage stands: its text is that of the article's revision from `start` to `end`. */
export interface FootnoteMetadata {
  readonly articleId: string
  readonly revision: number
  readonly url: string | null
  readonly title: string
  readonly heading: string
  /** As in RFC 3339. */
  readonly publishedAt: string | null
  readonly start: number
  readonly end: number
  /** Null where an arm of the search did not find the passage. */
  readonly scores: {
    readonly keyword: number | null
    readonly vector: number | null
    readonly fused: number
  }
}

interface FootnoteErrorOptions {
  readonly cause?: unknown
  /** Of the answer; null where none came. */
  readonly status?: number
}

/** `code` is that of the service's problem, or `unreachable` or `not-footnote` where it sent none. */
export class FootnoteError extends Error {
  override readonly name = 'FootnoteError'
  readonly code: string
  readonly status: number | null

  constructor(code: string, message: string, { cause, status }: FootnoteErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.status = status ?? null
  }
}

/** The passages of a Footnote service as LangChain documents, the best first. */
export class FootnoteRetriever extends BaseRetriever<FootnoteMetadata> {
  override lc_namespace = ['footnote', 'retrievers']
  readonly #address: URL
  readonly #apiKey: string | undefined
  readonly #signal: AbortSignal | undefined

  /** What LangChain is given may come to stand in its traces: the key is kept from it. */
  constructor({ url, apiKey, k, tokens, filters, signal, ...base }: FootnoteRetrieverOptions) {
    super(base)
    if (k !== undefined && tokens !== undefined) {
      throw new FootnoteError('invalid-request', '"k" and "tokens" exclude each other.')
    }
    this.#address = toSearchAddress(url, { k, tokens, ...filters })
    this.#apiKey = apiKey
    this.#signal = signal
  }

  static override lc_name(): string {
    return 'FootnoteRetriever'
  }

  override async _getRelevantDocuments(question: string): Promise<Document<FootnoteMetadata>[]> {
    const { passages } = await this.#search(question)
    return passages.map(({ text, ...metadata }) => new Document({ pageContent: text, metadata }))
  }

  async #search(question: string): Promise<z.infer<typeof found>> {
    const { origin } = this.#address
    const { response, text } = await this.#fetch(question)
    const json = parseJson(text)
    const { status } = response
    if (!response.ok) {
      const { success, data } = problem.safeParse(json)
      if (success) throw new FootnoteError(data.code, data.detail, { status })
    }
    const { success, data } = found.safeParse(json)
    if (response.ok && success) return data
    const message = `${origin} answered ${status} and not as a Footnote does. Is the address right?`
    throw new FootnoteError('not-footnote', message, { status })
  }

  async #fetch(question: string): Promise<{ response: Response; text: string }> {
    const address = new URL(this.#address)
    address.searchParams.set('q', question)
    try {
      const response = await fetch(address, {
        headers: this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` },
        ...(this.#signal === undefined ? {} : { signal: this.#signal }),
      })
      return { response, text: await response.text() }
    } catch (cause) {
      this.#signal?.throwIfAborted()
      const message = `Footnote at ${address.origin} does not answer. Is it running?`
      throw new FootnoteError('unreachable', message, { cause })
    }
  }
}

type Asked = FootnoteFilters & Pick<FootnoteRetrieverOptions, 'k' | 'tokens'>
type Value = string | number | Date

function toSearchAddress(url: string, asked: Asked): URL {
  const base = toBase(url)
  const address = new URL('v1/search', base.origin + base.pathname.replace(/\/*$/, '/'))
  const entries = Object.entries(asked) as [string, Value | readonly Value[] | undefined][]
  for (const [name, given] of entries) {
    for (const value of [given ?? []].flat()) address.searchParams.append(name, toText(value))
  }
  return address
}

function toBase(url: string): URL {
  const base = URL.canParse(url) ? new URL(url) : null
  if (base !== null && /^https?:$/.test(base.protocol) && base.username + base.password === '') {
    return base
  }
  // It may hold a key, so it is not repeated.
  const message = 'The url must be http or https and hold no key: http://127.0.0.1:3000.'
  throw new FootnoteError('invalid-request', message)
}

function toText(value: Value): string {
  return value instanceof Date ? value.toISOString() : String(value)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
