// From a feed and a model to the page, in a real browser: texts that look like markup, all the way.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildPage, type BuiltPage } from './built-page.ts'
import { MARKUP_FOUND, MARKUP_TEXTS } from './markup-texts.ts'
import { openTestApp, type TestApp } from './open-test-app.ts'
import { openTestServices, type TestServices } from './open-test-services.ts'
import { openBrowser } from './real-browser.ts'
import { createScriptedChat } from './scripted-chat.ts'
import { openPageService, type PageService } from './test-page-service.ts'
import { LIMIT, toRss } from './test-feed.ts'

const QUESTION = 'How large may a NOTIFY payload be?'
const MARKUP = MARKUP_TEXTS.join(' ')

const chat = createScriptedChat({ script: { pieces: [] } })
let built: BuiltPage
let test: TestServices
let app: TestApp
let service: PageService
let browser: Browser
let page: Page
const faults: string[] = []

beforeAll(async () => {
  built = await buildPage()
  test = await openTestServices({ chat })
  app = await openTestApp({ services: () => test.services })
  service = await openPageService(built.folder)
  for (const name of ['POST /v1/chat', 'GET /v1/articles', 'GET /v1/feeds', 'GET /readyz'])
    pass(name)
  browser = await openBrowser()
  page = await browser.newPage()
  page.on('dialog', (dialog) => void dialog.dismiss().then(() => faults.push(dialog.message())))
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('popup', (popup) => faults.push(popup.url()))
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    if (origin !== service.origin && protocol !== 'data:') faults.push(request.url())
  })
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) faults.push(message.text())
  })
})

afterAll(async () => {
  await browser?.close()
  await service?.[Symbol.asyncDispose]()
  await app?.[Symbol.asyncDispose]()
  await test?.[Symbol.asyncDispose]()
  await built?.[Symbol.asyncDispose]()
})

/** What the page asks goes to the real service. */
function pass(name: string): void {
  const [method = '', path = ''] = name.split(' ')
  service.scripts.set(name, async ({ body, response }) => {
    const reply = await fetch(`http://127.0.0.1:${app.port}${path}`, {
      method,
      ...(method === 'GET'
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    response.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? '' })
    for await (const bytes of reply.body ?? []) response.write(bytes)
    response.end()
  })
}

const escape = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

async function expectInert(): Promise<void> {
  expect(await page.locator(MARKUP_FOUND).count()).toBe(0)
  const links = await page.locator('a').all()
  const addresses = await Promise.all(links.map((link) => link.getAttribute('href')))
  expect(addresses.filter((href) => !/^(#|https:\/\/blog\.example\/)/.test(href ?? ''))).toEqual([])
  expect(faults).toEqual([])
}

it('texts of a feed stay texts, in quotes, titles and headings', async () => {
  // Once as words of the article, and once as its markup, which is not kept.
  const title = escape(MARKUP_TEXTS.slice(0, 5).join(' '))
  const html = `<h2>${title}</h2><p>${LIMIT}</p>
    ${MARKUP_TEXTS.map((text) => `<p>A NOTIFY payload is limited: ${escape(text)}</p>`).join('')}
    <div>${MARKUP}</div>`
  const item = { guid: 'a', title, html, author: title, url: 'https://blog.example/a' }
  const feed = toRss([item], title)
  await test.readFeed(test.writeFeed(feed))
  chat.script = { pieces: [LIMIT] }
  await page.goto(service.origin)
  await page.locator('#library').getByText('onerror').first().waitFor()
  await page.getByRole('textbox').first().fill(QUESTION)
  await page.keyboard.press('Enter')
  await page.locator('.footnotes mark').first().waitFor()
  const note = page.locator('.footnotes li').first()
  expect(await note.locator('.footnote-title').innerText()).toContain('onerror=alert(1)')
  expect(await note.locator('.about').innerText()).toContain('onerror=alert(1)')
  await expectInert()
})

it('texts of an article stay texts where they are the answer', async () => {
  test.chat.setModel(null)
  await page.getByRole('button', { name: 'New conversation' }).click()
  await page.getByRole('textbox').first().fill('A NOTIFY payload is limited: onerror=alert(1)')
  await page.keyboard.press('Enter')
  await page.locator('.extracted blockquote').first().waitFor()
  await expectInert()
  test.chat.setModel(chat)
})

/** An answer's characters are limited, so the texts come in parts. */
it.each([0, 25, 50, 75])(
  'texts of a model from %i on stay texts while they are shown, and when they are taken back',
  async (from) => {
    // Sign by sign: every beginning of every text is shown for a while.
    const words = MARKUP_TEXTS.slice(from, from + 25).join(' ')
    chat.script = { pieces: [...`${LIMIT} `, ...words] }
    await page.getByRole('button', { name: 'New conversation' }).click()
    await page.getByRole('textbox').first().fill(QUESTION)
    await page.keyboard.press('Enter')
    await page.locator('.taken-back summary').click({ timeout: 60_000 })
    expect(await page.locator('.taken-back s').innerText()).toContain('127.0.0.1:9')
    await expectInert()
  },
)
