import type { z } from 'zod'
import type { calibrationSchema } from '../src/http/calibration-schemas.ts'
import type { CommandContext } from './commands.ts'
import { withService } from './with-service.ts'

export interface CalibrateFlags {
  readonly set?: readonly string[]
  readonly dryRun?: boolean
}

type SentCalibration = z.output<typeof calibrationSchema>

/** Fits the weights of fusion on the tuning cases, and has them written unless it is a dry run. */
export async function calibrate(
  { config, signal, isJson, print }: CommandContext,
  what: string,
  { set, dryRun = false }: CalibrateFlags,
): Promise<void> {
  const body = { what, dryRun, ...(set === undefined ? {} : { sets: set }) }
  await withService({ config, needsChat: false, readsLibrary: true, signal }, async (client) => {
    const options = { method: 'POST', body, signal } as const
    const sent = (await client.request('/v1/calibrations', options)) as SentCalibration
    print(isJson ? JSON.stringify(sent) : describe(sent).join('\n'))
  })
}

function describe(sent: SentCalibration): readonly string[] {
  const { model, previous, vectorWeight, fit, heldOut, file } = sent
  return [
    ...describeCurve(sent),
    ...heldOut.map(({ caseId, why }) => `held out: ${caseId}: ${why}`),
    `vector weight of ${model}: ${previous} → ${vectorWeight}`,
    ...describeCheck(fit.check),
    file === null
      ? 'Nothing was written, since this is a dry run.'
      : `${file} now holds it. It counts from the next start; in a checkout, build and commit it.`,
  ]
}

function describeCurve({ vectorWeight, fit }: SentCalibration): readonly string[] {
  const { sets, curve, check } = fit
  const counts = Object.entries(sets).map(([name, { tuning }]) => `${tuning} of ${name}`)
  const rows = Object.entries(curve).map(([weight, objective]) => {
    const mark = Number(weight) === vectorWeight ? '← chosen' : ''
    const onTest = check?.curve[weight]?.toFixed(4) ?? '–'
    return `  ${weight}    ${objective.toFixed(4)}  ${onTest.padEnd(6)}  ${mark}`.trimEnd()
  })
  return [`Fitted on ${counts.join(', ')}:`, '  weight  tuning  test', ...rows]
}

function describeCheck(check: SentCalibration['fit']['check']): readonly string[] {
  if (check === null) return ['The sets have no test cases to check it on.']
  const lines = Object.entries(check.against).map(([name, { difference, low, high, p }]) => {
    const gain = `${signed(difference)} (${signed(low)} to ${signed(high)}, p = ${p})`
    return `  against ${name}: ${gain}`
  })
  return [`On ${check.cases} test cases: ${check.objective}`, ...lines]
}

function signed(value: number): string {
  return value < 0 ? String(value) : `+${value}`
}
