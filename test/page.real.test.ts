import { setTimeout as wait } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ARTICLE_TEXT,
  answered,
  citationOf,
  extracted,
  place,
  ready,
  refused,
  revision,
  sourceOf,
  sources,
  written,
} from './test-page-answers.ts'
import { buildPage, type BuiltPage } from './built-page.ts'
import { MARKUP_FOUND, MARKUP_TEXTS } from './markup-texts.ts'
import { openBrowser } from './real-browser.ts'
import { eventText, openEvents, openPageService, sendJson } from './test-page-service.ts'
import type { Call, PageService } from './test-page-service.ts'

const problem401 = {
  title: 'Unauthorized',
  status: 401,
  detail: 'Send the API key as a bearer token.',
  code: 'unauthorized',
}

let built: BuiltPage
let browser: Browser
let service: PageService
let page: Page
let faults: string[]

beforeAll(async () => {
  built = await buildPage()
  browser = await openBrowser()
})

afterAll(async () => {
  await browser?.close()
  await built?.[Symbol.asyncDispose]()
})

beforeEach(async () => {
  service = await openPageService(built.folder)
  service.scripts.set('GET /readyz', ({ response }) => sendJson(response, ready))
  service.scripts.set('GET /v1/articles', ({ response }) =>
    sendJson(response, { items: [place], next: null }),
  )
  service.scripts.set('GET /v1/feeds', ({ response }) =>
    sendJson(response, { items: [], next: null }),
  )
  page = await browser.newPage()
  faults = watchFaults(page, service.origin)
})

afterEach(async () => {
  await page.close()
  await service[Symbol.asyncDispose]()
  // Holds for every test of this file, whatever it tried.
  expect(faults).toEqual([])
})

/** What may never happen: a dialog, an error, a blocked script, a call to anywhere else. */
function watchFaults(watched: Page, origin: string): string[] {
  const seen: string[] = []
  watched.on('dialog', (dialog) => {
    seen.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  watched.on('pageerror', (error) => seen.push(`page error: ${error.message}`))
  watched.on('request', (request) => {
    const { origin: asked, protocol } = new URL(request.url())
    if (asked !== origin && protocol !== 'data:') seen.push(`request: ${request.url()}`)
  })
  watched.on('popup', (popup) => seen.push(`popup: ${popup.url()}`))
  watched.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) seen.push(message.text())
  })
  return seen
}

/** Scripts `/v1/chat`: whole answers, one for each question in turn. */
function answerWith(...answers: unknown[]): void {
  let asked = 0
  service.scripts.set('POST /v1/chat', ({ response }) => {
    const events = openEvents(response)
    events.event('sources-available', { sources })
    events.event('answer-end', answers[asked])
    events.end()
    asked += 1
  })
}

function chatCalls(): Call[] {
  return service.calls.filter(({ name }) => name === 'POST /v1/chat').map(({ call }) => call)
}

async function askOnPage(question: string): Promise<void> {
  await page.getByRole('textbox').first().fill(question)
  await page.keyboard.press('Enter')
}

async function openAndAsk(question = 'How large may a NOTIFY payload be?'): Promise<void> {
  await page.goto(service.origin)
  await askOnPage(question)
}

/** Waits for words on the page, and gives the element that has them. */
async function seen(selector: string, words: string | RegExp) {
  const found = page.locator(selector).filter({ hasText: words }).first()
  await found.waitFor({ timeout: 10_000 })
  return found
}

describe('an answer that comes', () => {
  it('is followed from search to queue to words, and the words shown are provisional', async () => {
    let go = () => {}
    const gate = () => new Promise<void>((resolve) => (go = resolve))
    service.scripts.set('POST /v1/chat', async ({ response }) => {
      await gate()
      const events = openEvents(response)
      events.event('sources-available', { sources })
      await gate()
      events.event('answer-queued', { position: 2 })
      await gate()
      events.raw(': still waiting\n\n')
      events.event('answer-delta', { text: 'NOTIFY payloads are' })
      await gate()
      events.event('answer-delta', {
        text: ' capped at 8000 bytes. A listener that is away misses them.',
      })
      await gate()
      events.event('answer-end', answered)
      events.end()
    })
    await openAndAsk()
    await seen('.turn-status', 'Searching…')
    go()
    await seen('.turn-status', 'Reading 3 passages of 2 articles…')
    go()
    await seen('.turn-status', 'Reading: place 2 in the queue…')
    go()
    await seen('.turn-status', 'Writing, not yet checked against the articles…')
    await seen('.provisional', /^NOTIFY payloads are$/)
    expect(await page.locator('[aria-busy=true]').count()).toBe(1)
    go()
    await seen('.provisional', 'misses them.')
    go()
    await seen(
      '.answer-text',
      'capped at 8000 bytes.[1] A listener that is away misses them.[2][1]',
    )
    expect(await page.locator('.provisional, .turn-status:not(:empty)').count()).toBe(0)
    expect(await page.locator('[aria-busy=false]').count()).toBe(1)
    expect(await page.locator('.taken-back').count()).toBe(0)
  })

  it('says so when words that were shown are not in the answer', async () => {
    service.scripts.set('POST /v1/chat', ({ response }) => {
      const events = openEvents(response)
      events.event('answer-delta', { text: 'NOTIFY was written in 1996. ' })
      events.event('answer-delta', { text: 'NOTIFY payloads are capped at 8000 bytes.' })
      events.event('answer-end', answered)
      events.end()
    })
    await openAndAsk()
    const taken = 'Some words were taken back: nothing in the articles supports them.'
    await seen('.taken-back', taken)
    expect(await page.locator('body').innerText()).not.toContain('1996')
    await page.getByText(taken).press('Enter')
    expect(await page.locator('.taken-back s').innerText()).toBe('NOTIFY was written in 1996.')
  })

  it('is stopped by the reader, and the service is told', async () => {
    const closed = new Promise<void>((resolve) => {
      service.scripts.set('POST /v1/chat', ({ response }) => {
        response.on('close', resolve)
        openEvents(response).event('answer-delta', { text: 'NOTIFY payloads' })
      })
    })
    await openAndAsk()
    await seen('.provisional', 'NOTIFY payloads')
    await page.getByRole('button', { name: 'Stop' }).click()
    await seen('.turn', 'Stopped. Words that were not yet checked are not kept.')
    await closed
    expect(await page.locator('.provisional').count()).toBe(0)
    answerWith(answered)
    await page.getByRole('button', { name: 'Ask again' }).click()
    await seen('.answer-text', 'capped at 8000 bytes.')
    expect(await page.locator('.turn').count()).toBe(1)
  })

  it.each([
    ['a problem', (call: Call) => sendJson(call.response, busy, 503), 'The model is busy'],
    [
      'a failure behind the first word',
      ({ response }: Call) => {
        const events = openEvents(response)
        events.event('answer-delta', { text: 'NOTIFY' })
        events.event('answer-error', busy)
        events.end()
      },
      'Ask again in 5 seconds.',
    ],
    [
      'a connection that is cut',
      async ({ response }: Call) => {
        openEvents(response).event('answer-delta', { text: 'NOTIFY' })
        await wait(50)
        response.destroy()
      },
      'The answer broke off',
    ],
    [
      'no connection',
      ({ response }: Call) => void response.destroy(),
      'The service does not answer',
    ],
    [
      'a page of a proxy',
      ({ response }: Call) =>
        void response.writeHead(502, { 'content-type': 'text/html' }).end('<b>Bad'),
      'The service answered with status 502',
    ],
  ])('ends in plain words on %s, and can be asked again', async (_name, script, words) => {
    service.scripts.set('POST /v1/chat', script)
    await openAndAsk()
    await seen('.problem', words)
    expect(await page.locator('.provisional').count()).toBe(0)
    await page.getByRole('button', { name: 'Ask again' }).waitFor()
  })
})

const busy = {
  title: 'The model is busy',
  status: 503,
  detail: 'Ask again in 5 seconds.',
  code: 'model-busy',
}

describe('footnotes', () => {
  it('show the sentence marked in its passage, with its article, heading and date', async () => {
    answerWith(answered)
    await openAndAsk()
    const first = await seen('.footnotes li', 'Listening to a database')
    expect(await first.locator('mark').innerText()).toBe('A payload is limited to 8000 bytes.')
    expect(await first.locator('.passage').innerText()).toBe(ARTICLE_TEXT.split('\n\n')[1])
    expect(await first.locator('.about').innerText()).toBe('Limits · 2 Mar 2026')
    const link = first.locator('a.article-title')
    expect(await link.getAttribute('href')).toBe('https://blog.example/listen')
    expect(await link.getAttribute('rel')).toBe('noopener noreferrer')
  })

  it('are reached from their marks and lead back, by keyboard', async () => {
    answerWith(answered)
    await openAndAsk()
    await (await seen('sup a', '[2]')).press('Enter')
    const footnote = page.locator('.footnotes li:target')
    expect(await footnote.locator('mark').innerText()).toContain('misses what was sent')
    await footnote.getByRole('link', { name: 'Back to footnote mark 2' }).press('Enter')
    expect(await page.locator('sup a:target').innerText()).toBe('[2]')
  })

  it('open the text of their revision, marked and scrolled to the sentence', async () => {
    const before = 'An opening line.\n\n'.repeat(200)
    const quote = 'A payload is limited to 8000 bytes.'
    const moved = {
      ...citationOf(1, quote),
      start: before.length,
      end: before.length + quote.length,
    }
    answerWith({ ...answered, citations: [moved, citationOf(2, quote)] })
    service.scripts.set('GET /v1/articles/art_1/revisions/2', ({ response }) =>
      sendJson(response, { ...revision, text: `${before}${quote}\n\nThe end.` }),
    )
    await openAndAsk()
    await page.getByRole('button', { name: 'Read in the article’s text' }).first().click()
    const mark = await seen('dialog[open] mark', quote)
    expect(await isInView(mark)).toBe(true)
    await page.keyboard.press('Escape')
    expect(await page.locator('dialog[open]').count()).toBe(0)
  })

  it('say what is wrong where the text is gone', async () => {
    answerWith(answered)
    service.scripts.set('GET /v1/articles/art_1/revisions/2', ({ response }) =>
      sendJson(response, { title: 'Not found', detail: 'This article was deleted.' }, 404),
    )
    await openAndAsk()
    await page.getByRole('button', { name: 'Read in the article’s text' }).first().click()
    await seen('dialog[open]', 'This article was deleted.')
  })
})

async function isInView(found: Awaited<ReturnType<typeof seen>>): Promise<boolean> {
  const [box, window] = [await found.boundingBox(), page.viewportSize()]
  if (box === null || window === null) return false
  return box.y >= 0 && box.y + box.height <= window.height
}

describe('answers that are none of the model’s', () => {
  it.each([
    ['no-evidence', 'Nothing in the articles is near enough to this question.'],
    ['not-answered', 'they do not say what was asked.'],
    ['unsupported', 'no sentence of the articles supports it.'],
  ])('refuse with %s in a box of their own, with the nearest articles', async (reason, words) => {
    answerWith({ ...refused, reason })
    await openAndAsk('Who wrote NOTIFY?')
    const box = await seen('.refused', 'The articles do not say who wrote NOTIFY.')
    expect(await box.innerText()).toContain('Not in the articles')
    expect(await box.innerText()).toContain(words)
    expect(await box.locator('.nearest .article-title').allInnerTexts()).toEqual([
      'Listening to a database',
      'Queues without a broker',
    ])
    expect(await page.locator('.footnotes, sup').count()).toBe(0)
  })

  it('take the words back that a refusal comes after', async () => {
    service.scripts.set('POST /v1/chat', ({ response }) => {
      const events = openEvents(response)
      events.event('answer-delta', { text: 'Tom wrote it.' })
      events.event('answer-end', refused)
      events.end()
    })
    await openAndAsk('Who wrote NOTIFY?')
    await seen('.taken-back', 'The words were taken back')
    expect(await page.locator('body').innerText()).not.toContain('Tom')
  })

  it('are quotes that say why there is no model, and have footnotes', async () => {
    answerWith(extracted)
    await openAndAsk()
    const quotes = await seen(
      '.extracted',
      'Straight from the articles — the model is not available',
    )
    expect(await quotes.innerText()).toContain('There is no chat model to write an answer')
    expect(await quotes.locator('blockquote').allInnerTexts()).toEqual([
      'A payload is limited to 8000 bytes.[1]',
      'A listener that is not connected misses what was sent.[2]',
    ])
    expect(await page.locator('.footnotes mark').count()).toBe(2)
    expect(await page.locator('.facts').innerText()).toContain('no chat model · bge-small')
  })
})

describe('a conversation', () => {
  it('sends a follow-up with what was said, and a new one without it', async () => {
    answerWith(answered, { ...refused, question: 'Who wrote NOTIFY?' }, answered)
    await openAndAsk('How large may it be?')
    await seen('.answer-text', 'capped at 8000 bytes.')
    await askOnPage('Who wrote it?')
    await seen('.turn', 'Understood as: Who wrote NOTIFY?')
    expect(await page.locator('.question').allInnerTexts()).toEqual([
      'Who wrote it?',
      'How large may it be?',
    ])
    await page.getByRole('button', { name: 'New conversation' }).click()
    expect(await page.locator('.turn').count()).toBe(0)
    await askOnPage('And now?')
    await seen('.answer-text', 'capped at 8000 bytes.')
    expect(chatCalls().map(({ body }) => body)).toEqual([
      { question: 'How large may it be?', stream: true },
      {
        messages: [
          { role: 'user', content: 'How large may it be?' },
          { role: 'assistant', content: answered.answer },
          { role: 'user', content: 'Who wrote it?' },
        ],
        stream: true,
      },
      { question: 'And now?', stream: true },
    ])
  })

  it('says who answered, how long it took and whether it was kept', async () => {
    answerWith({ ...answered, cached: true, degraded: 'keyword-only' })
    await openAndAsk()
    await seen(
      '.facts',
      'qwen2.5-coder-1.5b-instruct-q4_k_m · bge-small-en-v1.5-q8 · 6.9 s (search 0.03 s, first word after 4.2 s) · 512 prompt tokens · from cache · searched by words alone, without vectors',
    )
  })

  it('has a kept answer replaced by a new one, in its place of the conversation', async () => {
    answerWith(answered, { ...answered, cached: true }, answered, answered)
    await openAndAsk('What is NOTIFY?')
    await seen('.answer-text', 'capped at 8000 bytes.')
    expect(await page.getByRole('button', { name: 'Answer it anew' }).count()).toBe(0)
    await askOnPage('How large may it be?')
    await page.getByRole('button', { name: 'Answer it anew' }).click()
    await page.getByRole('button', { name: 'Answer it anew' }).waitFor({ state: 'detached' })
    await expect.poll(() => chatCalls().length).toBe(3)
    const [, kept, anew] = chatCalls().map(({ body }) => body as object)
    expect(anew).toEqual({ ...kept, fresh: true })
    await expect.poll(() => page.locator('.facts').count()).toBe(2)
    await askOnPage('And who wrote it?')
    await expect.poll(() => chatCalls().length).toBe(4)
    const { messages } = chatCalls().at(-1)?.body as { messages: readonly object[] }
    expect(messages).toHaveLength(5)
  })
})

describe('the state of the service', () => {
  it('is said until it is ready, and the library is then read again', async () => {
    const chat = { status: 'loading', detail: 'downloading 43 %' }
    let looks = 0
    service.scripts.set('GET /readyz', ({ response }) => {
      looks += 1
      if (looks > 1) return sendJson(response, ready)
      response.writeHead(503, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ status: 'starting', parts: { ...ready.parts, chat } }))
    })
    await page.goto(service.origin)
    expect(await (await seen('#readiness', 'Chat')).innerText()).toBe(
      'Chat model: downloading 43 %',
    )
    await page.locator('#readiness:empty').waitFor({ state: 'attached', timeout: 10_000 })
    await expect
      .poll(() => service.calls.filter(({ name }) => name === 'GET /v1/articles').length)
      .toBe(2)
  })

  it('shows the newest articles with their addresses, and a feed that fails', async () => {
    service.scripts.set('GET /v1/feeds', ({ response }) =>
      sendJson(response, {
        items: [
          { id: 'f', title: 'A blog', status: 'failing', problem: 'It answers 410.', articles: 1 },
        ],
        next: null,
      }),
    )
    await page.goto(service.origin)
    await seen('#library', 'Listening to a database 2 Mar 2026')
    await seen('#library-feeds', 'A blog: 1 article — failing: It answers 410.')
  })
})

describe('a service with a key', () => {
  beforeEach(() => {
    for (const name of ['GET /v1/articles', 'GET /v1/feeds', 'POST /v1/chat']) {
      service.scripts.set(name, ({ response, authorization }) => {
        if (authorization !== 'Bearer right-key') return sendJson(response, problem401, 401)
        if (name !== 'POST /v1/chat') return sendJson(response, { items: [place], next: null })
        const events = openEvents(response)
        events.event('answer-end', answered)
        events.end()
      })
    }
  })

  async function enterKey(key: string): Promise<void> {
    await page.getByLabel('API key', { exact: true }).fill(key)
    await page.getByRole('button', { name: 'Use this key' }).click()
  }

  it('has it asked for once, and again only where it is not taken', async () => {
    await page.goto(service.origin)
    await enterKey('wrong-key')
    await seen('#key-dialog', 'The service did not take that key.')
    await enterKey('right-key')
    await seen('#library', 'Listening to a database')
    await askOnPage('How large may it be?')
    await seen('.answer-text', 'capped at 8000 bytes.')
    await page.reload()
    await seen('#library', 'Listening to a database')
    expect(await page.locator('#key-dialog[open]').count()).toBe(0)
    await page.getByRole('button', { name: 'Forget the API key' }).click()
    await askOnPage('Once more?')
    await page.locator('#key-dialog[open]').waitFor()
  })

  it('repeats the question that met the form, and says so where the reader closes it', async () => {
    await page.goto(service.origin)
    await page.getByRole('button', { name: 'Not now' }).click()
    await askOnPage('How large may it be?')
    await page.locator('#key-dialog[open]').waitFor()
    await page.keyboard.press('Escape')
    await seen('.problem', 'Send the API key as a bearer token.')
    await page.getByRole('button', { name: 'Ask again' }).click()
    await enterKey('right-key')
    await seen('.answer-text', 'capped at 8000 bytes.')
    expect(chatCalls().at(-1)?.body).toEqual({ question: 'How large may it be?', stream: true })
  })
})

describe('hostile texts', () => {
  const words = MARKUP_TEXTS.join(' ')
  /** As long as a question may be. */
  const asked = words.slice(0, 2000)
  const hostilePlace = { ...place, title: words, heading: words, publishedAt: words }

  function hostileAnswer(url: string) {
    const hostile = { ...hostilePlace, url, start: 0, end: words.length }
    return {
      ...answered,
      ...written([{ text: words, citations: [1] }]),
      question: words,
      citations: [{ ...hostile, number: 1, quote: words }],
      sources: [{ ...hostile, text: words }],
      models: { chat: words, embedding: words },
    }
  }

  async function expectInert(): Promise<void> {
    expect(await page.locator(MARKUP_FOUND).count()).toBe(0)
    const links = await page.locator('a').all()
    const addresses = await Promise.all(links.map((link) => link.getAttribute('href')))
    expect(addresses.filter((address) => !/^(#|https?:)/.test(address ?? ''))).toEqual([])
  }

  it('stay texts, streamed sign by sign, in every part of an answer and in the article', async () => {
    service.scripts.set('GET /v1/articles/art_1/revisions/2', ({ response }) =>
      sendJson(response, { ...revision, title: words, url: 'javascript:alert(1)', text: words }),
    )
    service.scripts.set('POST /v1/chat', async ({ response }) => {
      const events = openEvents(response)
      const answer = hostileAnswer('javascript:alert(1)')
      const stream =
        eventText('sources-available', { sources: answer.sources }) +
        // Cut at every place: each beginning of each text is shown for a while.
        Array.from(words, (text) => eventText('answer-delta', { text })).join('') +
        eventText('answer-end', answer)
      // Some bytes at a time, so that events are cut anywhere too.
      for (const bytes of stream.match(/[^]{1,7}/g) ?? []) {
        response.write(bytes)
        await new Promise(setImmediate)
      }
      events.end()
    })
    await openAndAsk(asked)
    const mark = await seen('.footnotes mark', 'onerror')
    expect(await mark.textContent()).toBe(words)
    expect(await page.locator('.answer-text').textContent()).toBe(`${words}[1]`)
    await expectInert()
    await page.getByRole('button', { name: 'Read in the article’s text' }).click()
    expect(await (await seen('dialog[open] mark', 'onerror')).textContent()).toBe(words)
    await expectInert()
  })

  it.each([
    'javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    '//x',
    'JaVaScRiPt:1',
  ])('are no link where the address is %s', async (url) => {
    answerWith({ ...hostileAnswer(url), ...written([]), status: 'refused', reason: words })
    await openAndAsk()
    await seen('.refused .article-title', 'onerror')
    expect(await page.locator('.refused a').count()).toBe(0)
    await expectInert()
  })

  it('stay texts in problems, in the library and in the state of the service', async () => {
    const part = { status: words, detail: words }
    service.scripts.set('GET /readyz', ({ response }) =>
      sendJson(response, { status: words, parts: { chat: part, [words]: part } }),
    )
    service.scripts.set('GET /v1/articles', ({ response }) =>
      sendJson(response, { items: [{ ...hostilePlace, url: 'javascript:alert(1)' }], next: null }),
    )
    service.scripts.set('GET /v1/feeds', ({ response }) =>
      sendJson(response, { items: [{ title: words, status: words, problem: words }], next: null }),
    )
    service.scripts.set('POST /v1/chat', ({ response }) =>
      sendJson(
        response,
        { title: words, detail: words, errors: [{ path: words, message: words }] },
        400,
      ),
    )
    await openAndAsk()
    for (const part of ['.problem', '#readiness', '#library-feeds', '#library-articles']) {
      expect(await (await seen(part, 'onerror')).textContent()).toContain(words)
    }
    await expectInert()
  })

  it('have a passage of their own article only', async () => {
    const stranger = { ...sourceOf('A payload is limited to 8000 bytes.'), articleId: 'art_9' }
    answerWith({ ...answered, sources: [stranger] })
    await openAndAsk()
    const passage = await seen('.passage', 'A payload is limited')
    expect(await passage.innerText()).toBe('A payload is limited to 8000 bytes.')
  })
})

describe('the page', () => {
  it('fits a window of 360 pixels with long words in it', async () => {
    await page.setViewportSize({ width: 360, height: 640 })
    const long = 'a'.repeat(300)
    answerWith(
      { ...answered, citations: [{ ...citationOf(1, long), title: long, heading: long }] },
      { ...refused, answer: long },
    )
    await openAndAsk(long)
    await seen('.footnotes', long)
    await askOnPage('And?')
    await seen('.refused', long)
    const width = await page.evaluate<number>('document.documentElement.scrollWidth')
    expect(width).toBe(360)
  })

  it('names its question field, announces the answer and leaves the focus at a button', async () => {
    answerWith(answered)
    await page.goto(service.origin)
    await page.getByRole('textbox', { name: 'Your question' }).fill('How large may it be?')
    await page.getByRole('button', { name: 'Ask' }).press('Enter')
    await seen('[aria-live=polite]', 'capped at 8000 bytes.')
    const focused = page.locator(':focus-visible')
    expect(await focused.innerText()).toBe('Ask')
  })
})
