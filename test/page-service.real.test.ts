// The page in a real browser, on the real service with its default models and the real feed.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from './real-browser.ts'
import {
  REAL_FEED,
  startRunningService,
  whyNoRealFeed,
  type RunningService,
} from './running-service.ts'

const reason = whyNoRealFeed()
const API_KEY = 'a-key-for-the-page-test'
/** Reading and writing take some 5 s on two idle cores. */
const ANSWER = { timeout: 120_000 }

let service: RunningService
let browser: Browser
let page: Page
const faults: string[] = []

beforeAll(async () => {
  if (reason !== undefined) return
  service = startRunningService({ env: { FEEDS: REAL_FEED, API_KEY } })
  const url = await service.untilReady()
  browser = await openBrowser()
  page = await browser.newPage()
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
      faults.push(request.url())
  })
  await page.goto(url)
}, 600_000)

afterAll(async () => {
  await browser?.close()
  await service?.[Symbol.asyncDispose]()
})

async function ask(question: string): Promise<void> {
  await page.fill('#question', question)
  await page.click('#ask')
}

describe.skipIf(reason !== undefined)('a reader of the page', () => {
  it('is asked for the key once', async () => {
    await page.waitForSelector('#key-dialog[open]')
    await page.fill('#key-input', API_KEY)
    await page.keyboard.press('Enter')
    await page.waitForSelector('#library:not([hidden])')
  })

  it('sees an answer with the sentence marked in its passage', async () => {
    await ask('What is the size limit of a NOTIFY payload?')
    await page.waitForSelector('.turn .footnotes mark', ANSWER)
    expect(await page.textContent('.turn .answer-text')).toContain('8000')
    expect(await page.textContent('.turn .footnotes mark')).toContain('8000 bytes')
  })

  it('opens the article at that sentence', async () => {
    await page.click('.turn .footnotes button')
    await page.waitForSelector('#article-dialog[open] mark')
    expect(await page.textContent('#article-body mark')).toContain('8000 bytes')
    await page.click('#article-close')
  })

  it('sees that a refusal is one, and why', async () => {
    await ask('How much memory does an HNSW index need per million vectors?')
    await page.waitForSelector('.turn .refused', ANSWER)
    expect(await page.textContent('.turn .refused')).toContain('Not in the articles')
  })

  it('has caused no error and no request to anywhere else', () => {
    expect(faults).toEqual([])
  })
})
