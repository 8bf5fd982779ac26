import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  loadCalibration,
  type Calibration,
  type FusionFit,
  type RefusalFit,
} from '../src/answering/calibration.ts'
import { AppError, messageOf } from '../src/errors.ts'
import { replaceFile } from './replace-file.ts'
import { goldenSetsDir } from './set-folder.ts'

interface Sought {
  /** As CALIBRATION_FILE has it. */
  readonly file: string | undefined
  /** Where the code came from; the project's own. */
  readonly project?: string
}

/** Where what is fitted is written: the named file, or in a checkout the one to be committed. */
export function findCalibrationFile({ file, project = dirname(goldenSetsDir) }: Sought): string {
  const source = join(project, 'src', 'answering', 'calibration.json')
  if (file !== undefined) return file
  if (existsSync(source)) return source
  throw new AppError(
    'conflict',
    'The code came without its sources here, so no file takes what is fitted: set CALIBRATION_FILE to a copy of calibration.json, and restart.',
  )
}

interface FittedFusion {
  readonly model: string
  readonly vectorWeight: number
  readonly fit: FusionFit
}

/** Sets the weight of one embedding model; everything else in the file stays, as it is there now. */
export async function saveFusion(
  path: string,
  { model, vectorWeight, fit }: FittedFusion,
): Promise<void> {
  const { fusion, ...rest } = await loadPresent(path)
  await replace(path, { fusion: inOrder({ ...fusion, [model]: { vectorWeight, fit } }), ...rest })
}

interface FittedThreshold {
  readonly model: string
  readonly threshold: number
  readonly fit: RefusalFit
}

/** Sets the threshold of one chat model, as `saveFusion` does. */
export async function saveThreshold(
  path: string,
  { model, threshold, fit }: FittedThreshold,
): Promise<void> {
  const { statedThreshold, ...rest } = await loadPresent(path)
  const fitted = { ...statedThreshold, [model]: { threshold, fit } }
  await replace(path, { ...rest, statedThreshold: inOrder(fitted) })
}

/** The default first. */
function inOrder<Value>({
  default: unknown,
  ...known
}: Readonly<Record<string, Value>> & { readonly default: Value }): Record<string, Value> & {
  default: Value
} {
  const sorted = Object.entries<Value>(known).sort(([one], [other]) => (one < other ? -1 : 1))
  return { default: unknown, ...Object.fromEntries(sorted) }
}

async function replace(path: string, calibration: Calibration): Promise<void> {
  // With a value a line and no list in it, this is as Prettier would have it.
  await replaceFile(path, `${JSON.stringify(calibration, null, 2)}\n`, {
    name: path,
    advice: 'set CALIBRATION_FILE to one that may',
  })
}

/** It was read at the start, and may have gone or been broken by hand since. */
async function loadPresent(path: string): Promise<Calibration> {
  return loadCalibration(path).catch((cause: unknown) => {
    throw new AppError('conflict', `Nothing was written. ${messageOf(cause)}`, { cause })
  })
}
