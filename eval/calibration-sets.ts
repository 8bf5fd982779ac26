import { AppError } from '../src/errors.ts'
import { findSetsInLibrary, type PreparedRun, type RunContext } from './prepare-run.ts'

/** The golden sets to fit on: those named, or else those whose articles are in the library. */
export async function chooseSets(
  sets: readonly string[] | undefined,
  context: RunContext,
): Promise<readonly string[]> {
  const names = sets === undefined ? await findSetsInLibrary(context) : [...new Set(sets)]
  if (names.length > 0) return names
  throw new AppError(
    'invalid-request',
    'No golden set speaks of the library’s articles, so there is nothing to fit on. Add the feed of one, or write a set of your own (golden-set/README.md).',
  )
}

/** Hash of the library that all the sets were held against. */
export function corpusOf(prepared: readonly Pick<PreparedRun, 'fingerprints'>[]): string {
  const corpora = new Set(prepared.map(({ fingerprints }) => fingerprints['corpus'] ?? ''))
  const [corpus = ''] = corpora
  if (corpora.size > 1) throw libraryChanged()
  return corpus
}

export function libraryChanged(): AppError {
  return new AppError(
    'conflict',
    'The library changed meanwhile, so the cases would be of two libraries. Calibrate anew.',
  )
}
