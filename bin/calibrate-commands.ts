import { AppError } from '../src/errors.ts'
import type { CommandContext } from './commands.ts'
import { toError, type DoorClient } from './door-client.ts'
import { createRunProgress } from './eval-progress.ts'
import {
  formatFusion,
  formatRefusal,
  type SentFusion,
  type SentRefusal,
} from './print-calibration.ts'
import { withService } from './with-service.ts'

export const CALIBRATED = ['fusion', 'refusal'] as const

export interface CalibrateFlags {
  readonly set?: readonly string[]
  readonly dryRun?: boolean
}

/** Fits a weight or a threshold on the tuning cases, and has it written unless it is a dry run. */
export async function calibrate(
  context: CommandContext,
  what: (typeof CALIBRATED)[number],
  { set, dryRun = false }: CalibrateFlags,
): Promise<void> {
  const { config, signal } = context
  const needsChat = what === 'refusal'
  const body = { what, dryRun, ...(set === undefined ? {} : { sets: set }) }
  await withService({ config, needsChat, readsLibrary: true, signal }, async (client) => {
    if (what === 'refusal') await fitRefusal(context, client, body)
    else await fitFusion(context, client, body)
  })
}

async function fitFusion(
  { signal, isJson, print }: CommandContext,
  client: DoorClient,
  body: object,
): Promise<void> {
  const options = { method: 'POST', body, signal } as const
  const sent = (await client.request('/v1/calibrations', options)) as SentFusion
  print(isJson ? JSON.stringify(sent) : formatFusion(sent))
}

/** The chat model is asked hundreds of questions, so how far it is comes on the way. */
async function fitRefusal(
  { signal, isJson, print, note }: CommandContext,
  client: DoorClient,
  body: object,
): Promise<void> {
  const progress = createRunProgress({ note, output: process.stderr })
  const options = { method: 'POST', body: { ...body, stream: true }, signal } as const
  try {
    for await (const { event, data } of client.stream('/v1/calibrations', options)) {
      const value: unknown = JSON.parse(data)
      if (event === 'calibration-error') throw toError(value)
      if (event === 'calibration-progress') progress.show(toRun(value))
      if (event === 'calibration-end') {
        progress.end()
        print(isJson ? JSON.stringify(value) : formatRefusal(value as SentRefusal))
        return
      }
    }
  } finally {
    progress.end()
  }
  throw new AppError('shutting-down', 'The calibration broke off. Calibrate anew.')
}

function toRun(value: unknown): Parameters<ReturnType<typeof createRunProgress>['show']>[0] {
  return { id: 'questions', state: 'running', ...(value as { done: number; total: number }) }
}
