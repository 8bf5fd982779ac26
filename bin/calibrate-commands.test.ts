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

let reply: object = SENT
const asked: unknown[] = []
const door = createServer((request, response) => {
  void readText(request).then((body) => {
    asked.push({ call: `${request.method} ${request.url}`, body: JSON.parse(body) as unknown })
    response.end(JSON.stringify(reply))
  })
})

beforeAll(() => claimDoor(door, dataDir))

beforeEach(() => {
  reply = SENT
  asked.length = 0
})

afterAll(async () => {
  door.closeAllConnections()
  await new Promise((resolve) => door.close(resolve))
  rmSync(dataDir, { recursive: true })
})

async function run(flags: CalibrateFlags = {}, isJson = false): Promise<readonly string[]> {
  const printed: string[] = []
  const context = {
    config: loadConfig({ DATA_DIR: dataDir }),
    signal: new AbortController().signal,
    isJson,
    print: (text: string) => void printed.push(...text.split('\n')),
    preview: () => undefined,
    note: () => undefined,
  }
  await calibrate(context, 'fusion', flags)
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
    const [line, ...rest] = await run({}, true)
    expect(JSON.parse(line ?? '')).toEqual(SENT)
    expect(rest).toEqual([])
  })
})
