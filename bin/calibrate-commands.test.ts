import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { claimDoor } from '../src/door.ts'
import { calibrate, type CalibrateFlags } from './calibrate-commands.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'footnote-calibrate-'))

const against = { vectorWeight: 0, objective: 0.8, difference: 0.1, low: -0.02, high: 0.2, p: 0.04 }
const CHECK = {
  cases: 3,
  objective: 0.9,
  against: {
    keyword: against,
    vector: { ...against, vectorWeight: 1, difference: -0.1 },
    previous: { ...against, vectorWeight: 0.6 },
  },
  curve: { '0.00': 0.8, '0.35': 0.9, '0.40': 0.85 },
}
const SENT = {
  what: 'fusion',
  model: 'onnx:some',
  previous: 0.6,
  vectorWeight: 0.35,
  fit: {
    at: '2026-11-24T00:00:00.000Z',
    commit: null,
    corpus: 'c0ffee',
    sets: { one: { hash: 'a', tuning: 70, test: 2 }, other: { hash: 'b', tuning: 22, test: 1 } },
    curve: { '0.00': 0.5, '0.35': 0.75, '0.40': 0.7 },
    check: CHECK,
  },
  heldOut: [{ caseId: 'hb-007', why: 'its evidence is not in the library' }],
  file: '/srv/calibration.json',
}

const outcome = {
  objective: 0.75,
  correct: 0.9,
  falseRefusals: 0.05,
  nearMiss: 0.5,
  offCorpus: null,
  hiddenEvidence: 0.6,
}
const measured = { share: 0.9, low: 0.8, high: 0.95, of: 70 }
const totals = {
  threshold: 0.62,
  objective: 0.81,
  correct: measured,
  falseRefusals: { share: 0.07, low: 0, high: 0.1, of: 70 },
  nearMiss: measured,
  offCorpus: null,
  hiddenEvidence: measured,
}
const SENT_REFUSAL = {
  what: 'refusal',
  model: 'llama:some',
  previous: 0.7,
  threshold: 0.62,
  fit: {
    at: '2026-11-24T00:00:00.000Z',
    commit: null,
    corpus: 'c0ffee',
    sets: { one: { hash: 'a', tuning: 130, test: 128 } },
    cases: { answerable: 70, nearMiss: 10, offCorpus: 0, hiddenEvidence: 50 },
    auc: 0.93,
    curve: { '0.00': outcome, '0.62': outcome },
    check: { cases: 128, auc: 0.9, chosen: totals, previous: { ...totals, objective: 0.8 } },
  },
  heldOut: [{ caseId: 'hb-007', why: 'The chat model did not answer.' }],
  file: null,
}

let reply: object = SENT
/** The events of a stream. */
let events: readonly (readonly [name: string, data: object])[] = []
const asked: unknown[] = []
const door = createServer((request, response) => {
  void readText(request).then((text) => {
    const body = JSON.parse(text) as { stream?: boolean }
    asked.push({ call: `${request.method} ${request.url}`, body })
    if (body.stream !== true) return response.end(JSON.stringify(reply))
    response.setHeader('Content-Type', 'text/event-stream')
    return response.end(
      events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join(''),
    )
  })
})

beforeAll(() => claimDoor(door, dataDir))

beforeEach(() => {
  reply = SENT
  events = [
    ['calibration-progress', { done: 0, total: 258 }],
    ['calibration-progress', { done: 129, total: 258 }],
    ['calibration-end', SENT_REFUSAL],
  ]
  asked.length = 0
  noted.length = 0
})

afterAll(async () => {
  door.closeAllConnections()
  await new Promise((resolve) => door.close(resolve))
  rmSync(dataDir, { recursive: true })
})

const noted: string[] = []

interface RunOptions {
  readonly what?: Parameters<typeof calibrate>[1]
  readonly isJson?: boolean
}

async function run(
  flags: CalibrateFlags = {},
  { what = 'fusion', isJson = false }: RunOptions = {},
): Promise<readonly string[]> {
  const printed: string[] = []
  const context = {
    config: loadConfig({ DATA_DIR: dataDir }),
    signal: new AbortController().signal,
    isJson,
    print: (text: string) => void printed.push(...text.split('\n')),
    preview: () => undefined,
    note: (text: string) => void noted.push(text),
  }
  await calibrate(context, what, flags)
  return printed
}

describe('calibrate', () => {
  it('asks for what was typed', async () => {
    await run()
    await run({ set: ['one', 'other'], dryRun: true })
    expect(asked).toEqual([
      { call: 'POST /v1/calibrations', body: { what: 'fusion', dryRun: false } },
      {
        call: 'POST /v1/calibrations',
        body: { what: 'fusion', dryRun: true, sets: ['one', 'other'] },
      },
    ])
  })

  it('prints the curve, the weight, the check and where it was written', async () => {
    expect(await run()).toEqual([
      'Fitted on 70 of one, 22 of other:',
      '  weight  tuning  test',
      '  0.00    0.5000  0.8000',
      '  0.35    0.7500  0.9000  ← chosen',
      '  0.40    0.7000  0.8500',
      'held out: hb-007: its evidence is not in the library',
      'vector weight of onnx:some: 0.6 → 0.35',
      'On 3 test cases: 0.9',
      '  against keyword: +0.1 (-0.02 to +0.2, p = 0.04)',
      '  against vector: -0.1 (-0.02 to +0.2, p = 0.04)',
      '  against previous: +0.1 (-0.02 to +0.2, p = 0.04)',
      '/srv/calibration.json now holds it. It counts from the next start; in a checkout, build and commit it.',
    ])
  })

  it('says that nothing was written, and nothing checked', async () => {
    reply = { ...SENT, file: null, fit: { ...SENT.fit, check: null } }
    const printed = await run({ dryRun: true })
    expect(printed).toContain('  0.00    0.5000  –')
    expect(printed.slice(-2)).toEqual([
      'The sets have no test cases to check it on.',
      'Nothing was written, since this is a dry run.',
    ])
  })

  it('prints it all as JSON for programs', async () => {
    const [line, ...rest] = await run({}, { isJson: true })
    expect(JSON.parse(line ?? '')).toEqual(SENT)
    expect(rest).toEqual([])
  })
})

describe('calibrate refusal', () => {
  const refusal = { what: 'refusal' } as const

  it('asks for what was typed, and to be told how far it is', async () => {
    await run({ set: ['one'], dryRun: true }, refusal)
    expect(asked).toEqual([
      {
        call: 'POST /v1/calibrations',
        body: { what: 'refusal', dryRun: true, sets: ['one'], stream: true },
      },
    ])
    expect(noted).toEqual(['questions: 0 of 258', 'questions: 129 of 258'])
  })

  it('prints the curve, the threshold, the check and where it was written', async () => {
    expect(await run({}, refusal)).toEqual([
      'Fitted on 130 of one (70 answerable, 10 near misses, 50 without their evidence, 0 off the corpus; AUC 0.930):',
      '  threshold  objective  correct  wrongly refused  near misses refused  without evidence refused  off-corpus refused',
      '  0.00       0.750      0.900    0.050            0.500                0.600                     –',
      '  0.62       0.750      0.900    0.050            0.500                0.600                     –                   ← chosen',
      'held out: hb-007: The chat model did not answer.',
      'threshold of llama:some: 0.7 → 0.62',
      'On 128 test questions (AUC 0.900): 0.810; before: 0.800',
      '  correct: 0.900 (0.800 to 0.950) of 70; before: 0.900 (0.800 to 0.950) of 70',
      '  wrongly refused: 0.070 (0.000 to 0.100) of 70; before: 0.070 (0.000 to 0.100) of 70',
      '  near misses refused: 0.900 (0.800 to 0.950) of 70; before: 0.900 (0.800 to 0.950) of 70',
      '  without evidence refused: 0.900 (0.800 to 0.950) of 70; before: 0.900 (0.800 to 0.950) of 70',
      '  off-corpus refused: –; before: –',
      'Nothing was written, since this is a dry run.',
    ])
  })

  it('prints it all as JSON for programs', async () => {
    const [line, ...rest] = await run({}, { ...refusal, isJson: true })
    expect(JSON.parse(line ?? '')).toEqual(SENT_REFUSAL)
    expect(rest).toEqual([])
  })

  it('fails with what went wrong on the way', async () => {
    const problem = { code: 'conflict', detail: 'The library changed meanwhile.', errors: [] }
    events = [
      ['calibration-progress', { done: 1, total: 258 }],
      ['calibration-error', problem],
    ]
    await expect(run({}, refusal)).rejects.toMatchObject({
      code: 'conflict',
      message: 'The library changed meanwhile.',
    })
  })

  it('says that it broke off where its service went away', async () => {
    events = [['calibration-progress', { done: 1, total: 258 }]]
    await expect(run({}, refusal)).rejects.toMatchObject({ code: 'shutting-down' })
  })
})
