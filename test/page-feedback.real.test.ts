import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { answered, ready, refused } from './test-page-answers.ts'
import { buildPage, type BuiltPage } from './built-page.ts'
import { openBrowser } from './real-browser.ts'
import { openEvents, openPageService, sendJson } from './test-page-service.ts'
import type { PageService } from './test-page-service.ts'

const FEEDBACK = 'POST /v1/answers/ans_1/feedback'

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
  const empty = { items: [], next: null }
  service.scripts.set('GET /readyz', ({ response }) => sendJson(response, ready))
  service.scripts.set('GET /v1/articles', ({ response }) => sendJson(response, empty))
  service.scripts.set('GET /v1/feeds', ({ response }) => sendJson(response, empty))
  service.scripts.set(FEEDBACK, ({ response }) => void response.writeHead(204).end())
  page = await browser.newPage()
  faults = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) faults.push(message.text())
  })
})

afterEach(async () => {
  await page.close()
  await service[Symbol.asyncDispose]()
  expect(faults).toEqual([])
})

async function ask(answer: object = answered): Promise<void> {
  service.scripts.set('POST /v1/chat', ({ response }) => {
    const events = openEvents(response)
    events.event('answer-end', answer)
    events.end()
  })
  await page.goto(service.origin)
  await page.getByRole('textbox').first().fill('How large may it be?')
  await page.keyboard.press('Enter')
  await thumb('Good').waitFor()
}

const thumb = (name: 'Good' | 'Bad') => page.getByRole('button', { name: `${name} answer` })

const pressed = async () =>
  Promise.all(
    (['Good', 'Bad'] as const).map(async (name) => thumb(name).getAttribute('aria-pressed')),
  )

const said = (words: string | RegExp) =>
  page.getByRole('status').filter({ hasText: words }).first().waitFor({ timeout: 10_000 })

const sent = () =>
  service.calls.filter(({ name }) => name === FEEDBACK).map(({ call }) => call.body)

const form = () => page.getByRole('form', { name: 'What is wrong with this answer' })

it.each([
  ['an answer', answered],
  ['a refusal', refused],
])('a thumb up on %s is sent at once and thanked for', async (_name, answer) => {
  await ask(answer)
  expect(await pressed()).toEqual(['false', 'false'])
  await thumb('Good').press('Enter')
  await said('Thank you.')
  expect(sent()).toEqual([{ rating: 'up' }])
  expect(await pressed()).toEqual(['true', 'false'])
  expect(await form().count()).toBe(0)
})

it('a thumb down can be explained, by keyboard alone', async () => {
  await ask()
  await thumb('Bad').press('Space')
  await said('Thank you.')
  expect(await thumb('Bad').getAttribute('aria-expanded')).toBe('true')
  await page.keyboard.press('Tab')
  await page.keyboard.type('Too short.')
  await page.keyboard.press('Tab')
  await page.keyboard.type('  <b>8000 bytes</b> ')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await form().waitFor({ state: 'detached' })
  expect(sent()).toEqual([
    { rating: 'down' },
    { rating: 'down', comment: 'Too short.', correction: '<b>8000 bytes</b>' },
  ])
  expect(await pressed()).toEqual(['false', 'true'])
  expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Bad answer')
})

it('a thumb may be turned, which closes the form', async () => {
  await ask()
  await thumb('Bad').click()
  await form().waitFor()
  await said('Thank you.')
  await thumb('Good').click()
  await expect.poll(sent).toEqual([{ rating: 'down' }, { rating: 'up' }])
  expect(await pressed()).toEqual(['true', 'false'])
  expect(await form().count()).toBe(0)
})

it('says what is wrong where it could not be sent, and keeps what was written', async () => {
  service.scripts.set(FEEDBACK, ({ response }) =>
    sendJson(response, { title: 'Not found', detail: 'There is no answer with this id.' }, 404),
  )
  await ask()
  await thumb('Bad').click()
  await said('Not sent. Not found: There is no answer with this id.')
  expect(await pressed()).toEqual(['false', 'false'])
  await form().getByRole('textbox', { name: 'What would be right?' }).fill('8000 bytes.')
  service.scripts.set(FEEDBACK, ({ response }) => void response.destroy())
  await form().getByRole('button', { name: 'Send' }).click()
  await said('Not sent. The service does not answer')
  service.scripts.set(FEEDBACK, ({ response }) => void response.writeHead(204).end())
  await form().getByRole('button', { name: 'Send' }).click()
  await said('Thank you.')
  expect(sent().at(-1)).toEqual({ rating: 'down', correction: '8000 bytes.' })
  expect(await pressed()).toEqual(['false', 'true'])
})

it('asks for the API key like every other call', async () => {
  service.scripts.set(FEEDBACK, ({ response, authorization }) => {
    if (authorization === 'Bearer right-key') response.writeHead(204).end()
    else sendJson(response, { title: 'Unauthorized' }, 401)
  })
  await ask()
  await thumb('Good').click()
  await page.getByLabel('API key', { exact: true }).fill('right-key')
  await page.getByRole('button', { name: 'Use this key' }).click()
  await said('Thank you.')
  expect(sent()).toEqual([{ rating: 'up' }, { rating: 'up' }])
})
