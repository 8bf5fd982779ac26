import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestApp, type TestApp } from '../../test/open-test-app.ts'
import { openApi } from './openapi.ts'

let app: TestApp

beforeAll(async () => {
  const services = () => {
    throw new Error('Nothing is asked of them here.')
  }
  app = await openTestApp({ services, apiKey: 'correct-horse-battery' })
})

afterAll(() => app[Symbol.asyncDispose]())

/** What the page loads. */
async function addresses(): Promise<readonly string[]> {
  const { text } = await app.call('GET /docs')
  return [...text.matchAll(/(?:src|href)="([^"]+)"/g)]
    .map(([, address = '']) => address)
    .filter((address) => !address.startsWith('data:'))
}

describe('the contract to read and try', () => {
  it('is a page that is open, with the policy of the other page but for trusted types', async () => {
    const { status, headers } = await app.call('GET /docs')
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    const page = await app.call('GET /')
    const policy = String(headers['content-security-policy'])
    expect(`${policy}; require-trusted-types-for 'script'`).toBe(
      page.headers['content-security-policy'],
    )
  })

  it('loads files of this host alone, and they are there', async () => {
    const files = await addresses()
    expect(files).toEqual([
      '/docs/swagger-ui.css',
      '/docs/swagger-ui-bundle.js',
      '/docs.js',
      '/openapi.json',
    ])
    const types = {
      '/docs/swagger-ui.css': 'text/css',
      '/docs/swagger-ui-bundle.js': 'text/javascript',
    }
    for (const [file, type] of Object.entries(types)) {
      const reply = await app.call(`GET ${file}`)
      expect(reply.status).toBe(200)
      expect(reply.headers['content-type']).toMatch(type)
      expect(reply.text.length).toBeGreaterThan(10_000)
    }
    // The build compiles it.
    expect(existsSync(new URL('../../web/docs.ts', import.meta.url))).toBe(true)
  })

  it('serves no other file of the viewer’s package', async () => {
    const headers = { authorization: 'Bearer correct-horse-battery' }
    for (const path of [
      'index.html',
      'swagger-initializer.js',
      'package.json',
      '../package.json',
    ]) {
      expect((await app.call(`GET /docs/${path}`, { headers })).status).toBe(404)
    }
  })

  it('names the key that its dialog asks for', () => {
    expect(openApi()['components']).toMatchObject({
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
    })
  })
})
