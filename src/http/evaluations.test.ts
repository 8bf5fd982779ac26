import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { z } from 'zod'
import { formatBaseline } from '../../eval/bless.ts'
import { toComparable } from '../../eval/bless-run.ts'
import { SPLITS } from '../../eval/golden-case.ts'
import type { ReportJson } from '../../eval/report-json.ts'
import { NO_PLAN } from '../../eval/run-plan.ts'
import { goldenSetsDir, loadSet } from '../../eval/set-folder.ts'
import { contractFaults } from '../../test/contract.ts'
import { openTestApp, type Reply, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import {
  endEvaluation,
  insertEvaluation,
  loadEvaluation,
  type StoredEvaluation,
} from '../store/evaluations.ts'
import type { evaluationRowSchema, evaluationSchema } from './evaluation-schemas.ts'

type Run = z.infer<typeof evaluationSchema>
type Row = z.infer<typeof evaluationRowSchema>
interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

const REQUEST = { set: 'handbook', arms: ['extracted'], limit: 3 }

let test: TestServices
let app: TestApp
/** The same service as the command line on the machine reaches it. */
let door: TestApp

beforeAll(async () => {
  test = await openTestServices()
  await test.readFeed(join(goldenSetsDir, 'handbook', 'feed.xml'))
  app = await openTestApp({ services: () => test.services })
  door = await openTestApp({ services: () => test.services, isDoor: true })
})

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await door[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})

afterEach(async () => {
  test.embedding.fault = undefined
  const { pool } = test.services.database
  await pool.query(
    `update evaluation set state = 'stopped', ended_at = now()
     where evaluation.state in ('waiting', 'running')`,
  )
  for (;;) {
    const { rowCount } = await pool.query(
      `select from pgboss.job where job.name = 'run-evaluation' and job.state < 'completed'`,
    )
    if (rowCount === 0) break
    await sleep(20)
  }
  await pool.query('delete from evaluation')
  await pool.query('delete from answer')
})

async function call(what: string, template: string, body?: object): Promise<Reply> {
  const reply = await app.call(what, body === undefined ? {} : { body })
  expect(contractFaults(`${what.split(' ')[0]} ${template}`, reply)).toEqual([])
  return reply
}

const post = (body: object) => call('POST /v1/evaluations', '/v1/evaluations', body)

async function start(body: object = REQUEST): Promise<Run> {
  const reply = await post(body)
  expect(reply.status).toBe(202)
  return reply.json as Run
}

const get = (id: string) => call(`GET /v1/evaluations/${id}`, '/v1/evaluations/{id}')

async function finished(body: object = REQUEST): Promise<Run> {
  const { id } = await start(body)
  return untilEnded(id)
}

async function untilEnded(id: string): Promise<Run> {
  for (;;) {
    const run = (await get(id)).json as Run
    if (run.endedAt !== null) return run
    await sleep(20)
  }
}

function rowsOf(id: string, query = ''): Promise<Reply> {
  return call(`GET /v1/evaluations/${id}/rows${query}`, '/v1/evaluations/{id}/rows')
}

/** Nothing is answered while a test looks. */
function holdUp(): void {
  test.embedding.fault = () => new Promise<never>(() => undefined)
}

describe('asking for a run', () => {
  it('answers 202 with the run, its address and its job', async () => {
    holdUp()
    const reply = await post(REQUEST)
    expect(reply.status).toBe(202)
    const run = reply.json as Run
    expect(run).toMatchObject({
      id: expect.stringMatching(/^run_/) as string,
      set: 'handbook',
      arms: ['extracted'],
      request: REQUEST,
      state: 'waiting',
      origin: 'asked',
      done: 0,
      total: 3,
      verdict: null,
      baseline: null,
      job: {
        id: run.id,
        kind: 'run-evaluation',
        state: 'waiting',
        progress: { done: 0, total: 3 },
        error: null,
      },
    })
    expect(reply.headers.location).toBe(`/v1/evaluations/${run.id}`)
    const job = await call(`GET /v1/jobs/${run.id}`, '/v1/jobs/{id}')
    expect(job).toMatchObject({
      status: 200,
      json: { id: run.id, kind: 'run-evaluation', progress: { total: 3 } },
    })
  })

  it('for a try alone tells what would be asked, and asks nothing', async () => {
    const reply = await post({ ...REQUEST, dryRun: true, repeat: 2 })
    expect(reply).toMatchObject({
      status: 200,
      json: { set: 'handbook', arms: ['extracted'], cases: 3, total: 6, missing: [], heldOut: [] },
    })
    const list = await call('GET /v1/evaluations', '/v1/evaluations')
    expect(list.json).toEqual({ items: [], next: null })
  })

  it.each([
    [{ arms: ['sytem'] }, '/arms/0'],
    [{ arms: 'system' }, '/arms'],
    [{ quick: true }, ''],
    [{ limit: 0 }, '/limit'],
    [{ repeat: 0 }, '/repeat'],
    [{ filter: 'kind' }, '/filter'],
    [{ split: 'half' }, '/split'],
    [{ set: '' }, '/set'],
    [{ set: 'a\0' }, '/set'],
    [{ set: '../handbook' }, '/set'],
    [{ resume: 'a\0' }, '/resume'],
    [{ onlyFailing: 'a\0' }, '/onlyFailing'],
    [{ dryRun: 'yes' }, '/dryRun'],
    [{ target: 'nowhere' }, '/target'],
    [{ baseline: 'baseline.json' }, '/baseline'],
  ])('is refused with %j', async (changes, path) => {
    const reply = await post({ ...REQUEST, ...changes })
    expect(reply).toMatchObject({ status: 400, json: { errors: [{ path }] } })
  })

  it.each([
    [{ set: 'whales' }, 404, 'not-found'],
    [{ set: '..' }, 404, 'not-found'],
    [{ set: 'reviews' }, 404, 'not-found'],
    [{ set: 'glad-labs' }, 400, 'invalid-request'],
    [{ filter: 'id=nobody' }, 400, 'invalid-request'],
    [{ onlyFailing: 'run_none' }, 404, 'not-found'],
    [{ arms: ['system'] }, 400, 'invalid-request'],
  ])('says what is wrong with %j', async (changes, status, code) => {
    for (const dryRun of [false, true]) {
      const reply = await post({ ...REQUEST, ...changes, dryRun })
      expect(reply).toMatchObject({ status, json: { code } })
    }
  })

  it('goes on with one that is not there, which is not found', async () => {
    expect(await post({ resume: 'run_none' })).toMatchObject({ status: 404 })
  })

  it('goes on with one that was stopped', async () => {
    holdUp()
    const { id } = await start()
    await call(`DELETE /v1/evaluations/${id}`, '/v1/evaluations/{id}')
    test.embedding.fault = undefined
    const reply = await post({ resume: id })
    expect(reply).toMatchObject({ status: 202, json: { id, state: 'waiting' } })
    for (let run = reply.json as Run; run.endedAt === null;) run = (await get(id)).json as Run
    expect((await get(id)).json).toMatchObject({ state: 'done', done: 3 })
  })
})

describe('what only the machine’s owner may do', () => {
  it.each([
    ['evaluating another address', { target: 'http://127.0.0.1:9/v1' }],
    ['naming a baseline file', { baseline: '/nowhere/baseline.json' }],
  ])('is %s', async (what, changes) => {
    const request = { set: 'handbook', limit: 3, ...changes }
    const reply = await post(request)
    expect(reply).toMatchObject({ status: 403, json: { code: 'forbidden' } })
    expect(reply.text).toContain(what)
    const own = await door.call('POST /v1/evaluations', { body: { ...request, dryRun: true } })
    expect(own.status).not.toBe(403)
  })

  it('is blessing a run', async () => {
    const { id } = await start()
    const body = { why: 'First figures.' }
    const path = `POST /v1/evaluations/${id}/bless`
    expect(await call(path, '/v1/evaluations/{id}/bless', body)).toMatchObject({ status: 403 })
    // One that is not done is refused, so that the project's own baseline stays as it is.
    await endEvaluation(test.services.database.pool, id, { state: 'stopped' })
    expect(await door.call(path, { body })).toMatchObject({
      status: 409,
      json: { code: 'conflict', detail: expect.stringContaining('it is stopped') as string },
    })
    expect(await door.call(path, { body: {} })).toMatchObject({ status: 400 })
    const none = await door.call('POST /v1/evaluations/run_none/bless', { body })
    expect(none.status).toBe(404)
  })
})

describe('a run', () => {
  it('is done with its figures', async () => {
    const run = await finished()
    expect(run).toMatchObject({
      state: 'done',
      done: 3,
      total: 3,
      request: REQUEST,
      error: null,
      code: null,
      baseline: { why: expect.any(String) as string },
      judge: null,
      fingerprints: { corpus: expect.stringMatching(/^[0-9a-f]+$/) as string },
    })
    expect(run.verdict).not.toBeNull()
    expect(run.metrics['extracted']?.['hit@10']?.value).toBeTypeOf('number')
    const job = await call(`GET /v1/jobs/${run.id}`, '/v1/jobs/{id}')
    expect(job.json).toMatchObject({ state: 'done', progress: { done: 3, total: 3 } })
  })

  it('tells what it was compared with', async () => {
    const { id } = await finished()
    const why = 'First figures.'
    const { database } = test.services
    const run = await loadEvaluation(database.pool, id)
    const baseline = await toComparable(database.pool, run as StoredEvaluation)
    const blessed = { at: '2026-01-02T03:04:05.000Z', why, commit: null }
    const folder = mkdtempSync(join(tmpdir(), 'footnote-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'baseline.json')
    writeFileSync(file, formatBaseline({ ...baseline, blessed }))
    const { json } = await door.call('POST /v1/evaluations', {
      body: { ...REQUEST, baseline: file },
    })
    const compared = await untilEnded((json as Run).id)
    expect(compared).toMatchObject({ state: 'done', baseline: blessed })
    expect(compared.request['baseline']).toBe(file)
  })

  it('is reported over one half of its set, and no other half is there', async () => {
    const { id } = await finished({ ...REQUEST, limit: 12 })
    const halves = new Map(
      (await loadSet('handbook')).cases.map((golden) => [golden.id, golden.split]),
    )
    const accept = { headers: { accept: 'application/json' } }
    const report = async (query: string) => {
      const reply = await app.call(`GET /v1/evaluations/${id}/report${query}`, accept)
      expect(reply.status).toBe(200)
      return reply.json as ReportJson
    }
    const whole = await report('')
    expect(whole.rows).toHaveLength(12)
    for (const split of SPLITS) {
      const half = await report(`?split=${split}`)
      const expected = whole.rows.filter(({ caseId }) => halves.get(caseId) === split)
      expect(expected.length).toBeGreaterThan(0)
      expect(half.rows).toEqual(expected)
      expect(half.run.split).toBe(split)
      const figure = half.report?.metrics['extracted']?.['hit@1']
      expect(figure?.total).toBeLessThan(whole.report?.metrics['extracted']?.['hit@1']?.total ?? 0)
    }
    const wrong = await app.call(`GET /v1/evaluations/${id}/report?split=half`, accept)
    expect(wrong).toMatchObject({ status: 400, json: { errors: [{ path: '/split' }] } })
  })

  it('that could not even be planned is shown with its fault', async () => {
    const { pool } = test.services.database
    const run = { id: 'run_1', setName: 'handbook', origin: 'nightly', plan: NO_PLAN } as const
    const nothing = { request: { set: 'handbook' }, fingerprints: {}, corpusRevision: 0, total: 0 }
    await insertEvaluation(pool, { ...run, ...nothing })
    const error = 'The weights are torn.'
    await endEvaluation(pool, 'run_1', { state: 'failed', error, errorCode: 'model-file-invalid' })
    const shown = { state: 'failed', arms: [], error, code: 'model-file-invalid', verdict: null }
    expect((await get('run_1')).json).toMatchObject(shown)
    for (const accept of ['application/json', 'text/plain', 'text/html']) {
      const reply = await app.call('GET /v1/evaluations/run_1/report', { headers: { accept } })
      expect(reply.status).toBe(200)
      expect(reply.text).toContain(error)
    }
  })

  it('is sent to a browser as one page of its own', async () => {
    const { id } = await finished()
    const browser = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }
    for (const path of [id, `${id}/report`]) {
      const reply = await app.call(`GET /v1/evaluations/${path}`, browser)
      expect(reply.status).toBe(200)
      expect(reply.headers['content-type']).toContain('text/html')
      expect(reply.headers['content-security-policy']).toContain("default-src 'none'")
      expect(reply.text).toMatch(/^<!doctype html>/i)
      expect(reply.text).not.toMatch(/<script|src="http|href="http[^"]*\.css/i)
      expect(reply.text).toContain(id)
    }
  })

  it('is reported as JSON and as text', async () => {
    const { id } = await finished()
    const path = `GET /v1/evaluations/${id}/report`
    const json = await app.call(path, { headers: { accept: 'application/json' } })
    expect(json.status).toBe(200)
    expect(JSON.stringify(json.json)).toContain(id)
    const accept = { headers: { accept: 'text/plain' } }
    const text = await app.call(`${path}?width=60`, accept)
    expect(text.headers['content-type']).toContain('text/plain')
    expect(text.text).toContain('hit@1')
    expect(text.text).not.toContain('\u001b[')
    const coloured = await app.call(`${path}?width=60&colour=true`, accept)
    expect(coloured.text).toContain('\u001b[')
    const wrong = await app.call(`${path}?width=7`, accept)
    expect(wrong).toMatchObject({ status: 400, json: { errors: [{ path: '/width' }] } })
  })

  it('is reported while it is on', async () => {
    holdUp()
    const { id } = await start()
    for (const accept of ['application/json', 'text/plain', 'text/html']) {
      const reply = await app.call(`GET /v1/evaluations/${id}/report`, { headers: { accept } })
      expect(reply.status).toBe(200)
    }
  })

  it('is stopped with 204, and its rows stay', async () => {
    const { id } = await finished()
    holdUp()
    const other = await start()
    for (const each of [other.id, other.id]) {
      const reply = await call(`DELETE /v1/evaluations/${each}`, '/v1/evaluations/{id}')
      expect(reply.status).toBe(204)
    }
    expect((await get(other.id)).json).toMatchObject({ state: 'stopped', verdict: null })
    const job = await call(`GET /v1/jobs/${other.id}`, '/v1/jobs/{id}')
    expect(job.json).toMatchObject({ state: 'failed' })
    await call(`DELETE /v1/evaluations/${id}`, '/v1/evaluations/{id}')
    expect((await get(id)).json).toMatchObject({ state: 'done' })
    expect((await rowsOf(id)).json).toMatchObject({ items: [{}, {}, {}] })
  })

  it.each([
    ['GET', 'run_none', '{id}'],
    ['GET', 'run_none/rows', '{id}/rows'],
    ['GET', 'run_none/comparison?with=run_none', '{id}/comparison'],
    ['DELETE', 'run_none', '{id}'],
  ])('is not found: %s %s', async (method, path, template) => {
    const reply = await call(`${method} /v1/evaluations/${path}`, `/v1/evaluations/${template}`)
    expect(reply).toMatchObject({ status: 404, json: { code: 'not-found' } })
  })

  it('is not found as a report either', async () => {
    const reply = await app.call('GET /v1/evaluations/run_none/report')
    expect(reply).toMatchObject({ status: 404, json: { code: 'not-found' } })
  })
})

describe('the rows of a run', () => {
  it('come in pages of any size, each with its scores and its answer’s id', async () => {
    const { id } = await finished({ ...REQUEST, arms: ['extracted', 'keyword'] })
    const all = (await rowsOf(id)).json as Page<Row>
    expect(all.items).toHaveLength(6)
    expect(all.next).toBeNull()
    for (const row of all.items) {
      expect(row.result).toMatchObject({ scores: {}, stages: {} })
      expect((await app.call(`GET /v1/answers/${row.answerId}`)).status).toBe(200)
    }
    for (const limit of [1, 4, 6]) {
      const items: Row[] = []
      for (let next: string | null = ''; next !== null;) {
        const query = `?limit=${limit}${next && `&cursor=${next}`}`
        const page: Page<Row> = (await rowsOf(id, query)).json as Page<Row>
        expect(page.items.length).toBeLessThanOrEqual(limit)
        items.push(...page.items)
        next = page.next
      }
      expect(items).toEqual(all.items)
    }
  })

  it.each([
    ['?limit=0', '/limit'],
    ['?limit=101', '/limit'],
    ['?cursor=nonsense', '/cursor'],
    [`?cursor=${cursor(['a', 'b'])}`, '/cursor'],
    [`?cursor=${cursor(['a', 'b', 'c'])}`, '/cursor'],
    [`?cursor=${cursor(['a\0', 'b', 1])}`, '/cursor'],
    [`?cursor=${cursor(['a', 'b', 3_000_000_000])}`, '/cursor'],
    ['?page=2', ''],
  ])('are refused with %s', async (query, path) => {
    const { id } = await start({ ...REQUEST, limit: 1 })
    const reply = await rowsOf(id, query)
    expect(reply).toMatchObject({ status: 400, json: { errors: [{ path }] } })
  })
})

function cursor(key: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

describe('the list of runs', () => {
  const list = async (query = '') => {
    const reply = await call(`GET /v1/evaluations${query}`, '/v1/evaluations')
    expect(reply.status).toBe(200)
    return reply.json as Page<Run>
  }

  it('has the newest first, in pages, and one set’s alone', async () => {
    holdUp()
    const ids: string[] = []
    while (ids.length < 3) {
      ids.unshift((await start()).id)
      await sleep(5)
    }
    expect((await list()).items.map(({ id }) => id)).toEqual(ids)
    expect((await list('?set=handbook')).items).toHaveLength(3)
    expect((await list('?set=whales')).items).toEqual([])
    const first = await list('?limit=2')
    const second = await list(`?limit=2&cursor=${first.next}`)
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids)
    expect(second.next).toBeNull()
  })

  it.each([
    ['?limit=0', '/limit'],
    ['?set=', '/set'],
    ['?cursor=nonsense', '/cursor'],
    [`?cursor=${cursor(['a\0'])}`, '/cursor'],
    ['?state=done', ''],
  ])('is refused with %s', async (query, path) => {
    const reply = await call(`GET /v1/evaluations${query}`, '/v1/evaluations')
    expect(reply).toMatchObject({ status: 400, json: { errors: [{ path }] } })
  })
})

describe('two runs', () => {
  const compare = (id: string, other: string) =>
    call(`GET /v1/evaluations/${id}/comparison?with=${other}`, '/v1/evaluations/{id}/comparison')

  it('of the same code do not differ', async () => {
    const [one, other] = [await finished(), await finished()]
    const reply = await compare(other.id, one.id)
    expect(reply).toMatchObject({
      status: 200,
      json: { run: other.id, with: one.id, verdict: 'passed', flips: [] },
    })
    const { metrics } = reply.json as Run
    const hit = metrics['extracted']?.['hit@1']
    expect(hit?.value).toBeTypeOf('number')
    expect(hit?.baseline).toBe(hit?.value)
  })

  it('of other cases cannot be compared', async () => {
    const [first, second] = (await loadSet('handbook')).cases
    const one = await finished({ ...REQUEST, filter: `id=${first?.id}` })
    const other = await finished({ ...REQUEST, filter: `id=${second?.id}` })
    expect((await compare(other.id, one.id)).json).toMatchObject({ verdict: 'not-comparable' })
  })

  it('are compared by the ids of both', async () => {
    const { id } = await finished({ ...REQUEST, limit: 1 })
    expect((await compare(id, 'run_none')).status).toBe(404)
    const reply = await call(
      `GET /v1/evaluations/${id}/comparison`,
      '/v1/evaluations/{id}/comparison',
    )
    expect(reply).toMatchObject({ status: 400, json: { errors: [{ path: '/with' }] } })
  })
})
