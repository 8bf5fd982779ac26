import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { loadConfig } from './config.ts'
import { Readiness } from './readiness.ts'
import { openServices } from './services.ts'

it('a start ends at a calibration file that is not there, before anything is opened', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'footnote-services-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const closers: unknown[] = []
  const opening = openServices({
    config: loadConfig({ CALIBRATION_FILE: join(folder, 'gone.json'), DATA_DIR: folder }),
    logger: pino({ level: 'silent' }),
    readiness: new Readiness(),
    hasSchedule: false,
    readsLibrary: false,
    signal: new AbortController().signal,
    onServices: () => undefined,
    onOpened: (close) => closers.push(close),
  })
  await expect(opening).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('gone.json') as string,
  })
  expect([closers, readdirSync(folder)]).toEqual([[], []])
})
