// Answers as the service gives them (api.md), for the page to be tried with. The article and every
// offset into it are made here, so that a quote is always the text from its start to its end.

export const ARTICLE_TEXT = [
  'Listening to a database.',
  'Postgres has had LISTEN and NOTIFY for a long time. A payload is limited to 8000 bytes. Larger ones are refused with an error.',
  'await client.query("listen jobs")\nclient.on("notification", wake)',
  'A listener that is not connected misses what was sent. So a queue polls as well, and treats a notification as a hint.',
].join('\n\n')

const LIMIT = 'A payload is limited to 8000 bytes.'
const MISSED = 'A listener that is not connected misses what was sent.'

export const place = {
  articleId: 'art_1',
  revision: 2,
  url: 'https://blog.example/listen',
  title: 'Listening to a database',
  heading: 'Limits',
  publishedAt: '2026-03-02T09:00:00Z',
}

export function sourceOf(words: string) {
  return {
    ...place,
    ...rangeOf(words),
    text: words,
    scores: { keyword: 1, vector: null, fused: 1 },
  }
}

export function citationOf(number: number, quote: string) {
  return { ...place, number, quote, ...rangeOf(quote) }
}

export const sources = [
  sourceOf(paragraph(1)),
  { ...sourceOf(paragraph(3)), heading: 'What is missed' },
  {
    ...sourceOf(paragraph(0)),
    articleId: 'art_2',
    url: 'https://blog.example/queues',
    title: 'Queues without a broker',
    heading: 'Why',
  },
]

const base = {
  id: 'ans_1',
  reason: null as string | null,
  question: 'How large may a NOTIFY payload be?',
  citations: [citationOf(1, LIMIT), citationOf(2, MISSED)],
  sources,
  models: { chat: 'qwen2.5-coder-1.5b-instruct-q4_k_m', embedding: 'bge-small-en-v1.5-q8' },
  tokens: { prompt: 512, completion: 41 },
  timings: { queuedMs: 0, searchMs: 34, firstTokenMs: 4210, totalMs: 6890 },
  cached: false,
  corpusRevision: 12,
  degraded: null as string | null,
}

export const answered = {
  ...base,
  status: 'answered',
  ...written([
    { text: 'NOTIFY payloads are capped at 8000 bytes.', citations: [1] },
    { text: 'A listener that is away misses them.', citations: [2, 1] },
  ]),
}

export const refused = {
  ...base,
  status: 'refused',
  reason: 'not-answered',
  answer: 'The articles do not say who wrote NOTIFY.',
  sentences: [],
  citations: [],
}

export const extracted = {
  ...base,
  status: 'extracted',
  reason: 'model-unavailable',
  models: { chat: null, embedding: 'bge-small-en-v1.5-q8' },
  tokens: { prompt: 0, completion: 0 },
  timings: { queuedMs: 0, searchMs: 34, firstTokenMs: null, totalMs: 41 },
  ...written([
    { text: LIMIT, citations: [1] },
    { text: MISSED, citations: [2] },
  ]),
}

export const revision = {
  articleId: place.articleId,
  revision: place.revision,
  title: place.title,
  url: place.url,
  publishedAt: place.publishedAt,
  fetchedAt: '2026-03-02T10:00:00Z',
  text: ARTICLE_TEXT,
}

export const ready = {
  status: 'ready',
  parts: {
    database: { status: 'ok', detail: '' },
    embedding: { status: 'ok', detail: '' },
    chat: { status: 'ok', detail: '' },
    corpus: { status: 'ok', detail: '' },
  },
}

/** The answer's text with a mark behind each sentence, and the sentences' places in it. */
export function written(parts: readonly { text: string; citations: readonly number[] }[]) {
  let answer = ''
  const sentences = parts.map(({ text, citations }) => {
    if (answer !== '') answer += ' '
    const start = answer.length
    const marks = citations.map((number) => `[${number}]`).join('')
    answer += `${text} ${marks}`
    return { text, start, end: start + text.length, citations, support: 0.9 }
  })
  return { answer, sentences }
}

function paragraph(index: number): string {
  return ARTICLE_TEXT.split('\n\n')[index] ?? ''
}

function rangeOf(words: string): { start: number; end: number } {
  const start = ARTICLE_TEXT.indexOf(words)
  return { start, end: start + words.length }
}
