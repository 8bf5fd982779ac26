// The contract's page in a real browser, under the policy that the service sends with it.
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPage, type BuiltPage } from './built-page.ts'
import { openTestApp, type TestApp } from './open-test-app.ts'
import { openTestServices, type TestServices } from './open-test-services.ts'
import { openBrowser } from './real-browser.ts'

const KEY = 'a-key-for-the-docs-test'
const FEEDS = '.opblock-summary-path[data-path="/v1/feeds"]'

let built: BuiltPage
let test: TestServices
let app: TestApp
let browser: Browser
let page: Page
const faults: string[] = []

beforeAll(async () => {
  built = await buildPage()
  test = await openTestServices()
  app = await openTestApp({ services: () => test.services, apiKey: KEY })
  browser = await openBrowser()
  page = await browser.newPage()
  const origin = `http://127.0.0.1:${app.port}`
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    // The first call without the key is told there as well, and is meant to be.
    if (message.type() === 'error' && !message.text().includes('401')) faults.push(message.text())
  })
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(origin) && !url.startsWith('data:')) faults.push(url)
  })
  // Beside the sources the app has no compiled scripts of the page's.
  await page.route(/127\.0\.0\.1:\d+\/[a-z-]+\.js$/, async (route) => {
    const body = await readFile(join(built.folder, basename(route.request().url())))
    await route.fulfill({ body, contentType: 'text/javascript' })
  })
  await page.goto(`${origin}/docs`)
})

afterAll(async () => {
  await browser?.close()
  await app?.[Symbol.asyncDispose]()
  await test?.[Symbol.asyncDispose]()
  await built?.[Symbol.asyncDispose]()
})

/** Executes `GET /v1/feeds`, which is open; the status that the viewer shows. */
async function execute(): Promise<string> {
  await page.click('.opblock.is-open .execute')
  await page.waitForSelector('.opblock.is-open .live-responses-table .response-col_status')
  const shown = await page.textContent('.live-responses-table tbody .response-col_status')
  return (shown ?? '').trim()
}

describe('a reader of the contract', () => {
  it('is asked for the key, and sees every call', async () => {
    await page.waitForSelector('#key-dialog[open]')
    await page.fill('#key-input', KEY)
    await page.keyboard.press('Enter')
    await page.waitForSelector(FEEDS)
    expect(await page.locator('.opblock').count()).toBeGreaterThan(25)
  })

  it('tries a call with the key that was given', async () => {
    await page
      .locator('.opblock-get', { has: page.locator(FEEDS) })
      .locator('button')
      .first()
      .click()
    await page.click('.opblock.is-open .try-out__btn')
    expect(await execute()).toMatch(/^200/)
  })

  it('may enter another in the dialog "Authorize"', async () => {
    await page.click('.btn.authorize')
    await page.click('.auth-container button:has-text("Logout")')
    await page.fill('.auth-container input', 'wrong')
    await page.click('.auth-container button[type=submit]')
    await page.click('.btn-done')
    await page.click('.opblock.is-open .btn-clear')
    expect(await execute()).toMatch(/^401/)
    await page.click('.btn.authorize')
    await page.click('.auth-container button:has-text("Logout")')
    await page.fill('.auth-container input', KEY)
    await page.click('.auth-container button[type=submit]')
    await page.click('.btn-done')
    await page.click('.opblock.is-open .btn-clear')
    expect(await execute()).toMatch(/^200/)
  })

  it('has caused no error, and no request to anywhere else', () => {
    expect(faults).toEqual([])
  })
})
