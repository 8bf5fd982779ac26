import type { z } from 'zod'
import type {
  fusionCalibrationSchema,
  refusalCalibrationSchema,
} from '../src/http/calibration-schemas.ts'

export type SentFusion = z.output<typeof fusionCalibrationSchema>
export type SentRefusal = z.output<typeof refusalCalibrationSchema>

export function formatFusion(sent: SentFusion): string {
  const { model, previous, vectorWeight, fit } = sent
  return [
    ...describeFusionCurve(sent),
    ...describeHeldOut(sent),
    `vector weight of ${model}: ${previous} → ${vectorWeight}`,
    ...describeFusionCheck(fit.check),
    describeFile(sent),
  ].join('\n')
}

function describeFusionCurve({ vectorWeight, fit }: SentFusion): readonly string[] {
  const { sets, curve, check } = fit
  const counts = Object.entries(sets).map(([name, { tuning }]) => `${tuning} of ${name}`)
  const rows = Object.entries(curve).map(([weight, objective]) => {
    const mark = Number(weight) === vectorWeight ? '← chosen' : ''
    const onTest = check?.curve[weight]?.toFixed(4) ?? '–'
    return `  ${weight}    ${objective.toFixed(4)}  ${onTest.padEnd(6)}  ${mark}`.trimEnd()
  })
  return [`Fitted on ${counts.join(', ')}:`, '  weight  tuning  test', ...rows]
}

const NO_TEST_CASES = 'The sets have no test cases to check it on.'

function describeFusionCheck(check: SentFusion['fit']['check']): readonly string[] {
  if (check === null) return [NO_TEST_CASES]
  const lines = Object.entries(check.against).map(([name, { difference, low, high, p }]) => {
    const gain = `${signed(difference)} (${signed(low)} to ${signed(high)}, p = ${p})`
    return `  against ${name}: ${gain}`
  })
  return [`On ${check.cases} test cases: ${check.objective}`, ...lines]
}

function signed(value: number): string {
  return value < 0 ? String(value) : `+${value}`
}

export function formatRefusal(sent: SentRefusal): string {
  const { model, previous, threshold, fit } = sent
  return [
    ...describeRefusalCurve(sent),
    ...describeHeldOut(sent),
    `threshold of ${model}: ${previous} → ${threshold}`,
    ...describeRefusalCheck(fit.check),
    describeFile(sent),
  ].join('\n')
}

const COLUMNS = {
  objective: 'objective',
  correct: 'correct',
  falseRefusals: 'wrongly refused',
  nearMiss: 'near misses refused',
  hiddenEvidence: 'without evidence refused',
  offCorpus: 'off-corpus refused',
} as const

const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]

function describeRefusalCurve({ threshold, fit }: SentRefusal): readonly string[] {
  const { sets, cases, auc, curve } = fit
  const counts = Object.entries(sets).map(([name, { tuning }]) => `${tuning} of ${name}`)
  const kinds = `${cases.answerable} answerable, ${cases.nearMiss} near misses, ${cases.hiddenEvidence} without their evidence, ${cases.offCorpus} off the corpus`
  const rows = Object.entries(curve).map(([at, outcome]) => {
    const shares = NAMES.map((name) => formatShare(outcome[name]).padEnd(COLUMNS[name].length))
    const mark = Number(at) === threshold ? '← chosen' : ''
    return `  ${at}       ${[...shares, mark].join('  ')}`.trimEnd()
  })
  return [
    `Fitted on ${counts.join(', ')} (${kinds}; AUC ${formatShare(auc)}):`,
    `  threshold  ${Object.values(COLUMNS).join('  ')}`,
    ...rows,
  ]
}

type RefusalCheck = SentRefusal['fit']['check']

function describeRefusalCheck(check: RefusalCheck): readonly string[] {
  if (check === null) return [NO_TEST_CASES]
  const { cases, auc, chosen, previous } = check
  const lines = NAMES.filter((name) => name !== 'objective').map(
    (name) =>
      `  ${COLUMNS[name]}: ${formatMeasured(chosen[name])}; before: ${formatMeasured(previous[name])}`,
  )
  return [
    `On ${cases} test questions (AUC ${formatShare(auc)}): ${formatShare(chosen.objective)}; before: ${formatShare(previous.objective)}`,
    ...lines,
  ]
}

function formatMeasured(measured: NonNullable<RefusalCheck>['chosen']['correct']): string {
  if (measured === null) return NO_SHARE
  const { share, low, high, of } = measured
  return `${formatShare(share)} (${formatShare(low)} to ${formatShare(high)}) of ${of}`
}

const NO_SHARE = '–'

function formatShare(share: number | null): string {
  return share?.toFixed(3) ?? NO_SHARE
}

function describeHeldOut({ heldOut }: SentFusion | SentRefusal): readonly string[] {
  return heldOut.map(({ caseId, why }) => `held out: ${caseId}: ${why}`)
}

function describeFile({ file }: SentFusion | SentRefusal): string {
  return file === null
    ? 'Nothing was written, since this is a dry run.'
    : `${file} now holds it. It counts from the next start; in a checkout, build and commit it.`
}
