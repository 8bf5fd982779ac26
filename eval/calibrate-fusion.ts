import type { FusionFit } from '../src/answering/calibration.ts'
import { AppError } from '../src/errors.ts'
import type { Search } from '../src/retrieval/search.ts'
import { chooseSets, corpusOf, libraryChanged } from './calibration-sets.ts'
import { describeCommit } from './fingerprints.ts'
import { checkFusion, fitFusion, type FusionCase } from './fit-fusion.ts'
import { isAnswerable, type GoldenCase } from './golden-case.ts'
import { holdsQuote } from './holds-quote.ts'
import { loadLibrary, type Library } from './library.ts'
import { prepareRun, type PreparedRun, type RunContext } from './prepare-run.ts'
import type { HeldOut } from './report.ts'
import { searchedBlind, toRequest } from './service-target.ts'

interface FusionOptions {
  /** Undefined: those whose articles are in the library. */
  readonly sets: readonly string[] | undefined
  readonly search: Search
  /** The weight in use, which the new one is compared with. */
  readonly previous: number
  readonly signal: AbortSignal
}

export interface FusionCalibration {
  readonly vectorWeight: number
  readonly fit: FusionFit
  /** Cases that were not asked. */
  readonly heldOut: readonly HeldOut[]
}

/** Fits the vector arm's share on the answerable tuning cases, and checks it on the test cases. */
export async function calibrateFusion(
  options: FusionOptions,
  context: RunContext,
): Promise<FusionCalibration> {
  const asked: AskedSet[] = []
  for (const name of await chooseSets(options.sets, context)) {
    // An arm that needs nothing: what is wanted of the plan is the set, held against the library.
    const prepared = await prepareRun({ set: name, arms: ['extracted'] }, context)
    asked.push(await askSet(prepared, options, context))
  }
  const tuning = asked.flatMap((set) => set.tuning)
  if (tuning.length === 0) {
    throw new AppError(
      'invalid-request',
      'None of the sets has an answerable tuning case to fit on.',
    )
  }
  const { vectorWeight, curve } = fitFusion(tuning)
  const test = asked.flatMap((set) => set.test)
  const fit = {
    at: new Date().toISOString(),
    commit: await describeCommit(),
    corpus: corpusOf(asked.map(({ prepared }) => prepared)),
    sets: Object.fromEntries(asked.map((set) => [set.prepared.setName, describeSet(set)])),
    curve,
    check: checkFusion(test, { vectorWeight, previous: options.previous }),
  }
  return { vectorWeight, fit, heldOut: asked.flatMap(({ heldOut }) => heldOut) }
}

interface AskedSet {
  readonly prepared: PreparedRun
  readonly tuning: readonly FusionCase[]
  readonly test: readonly FusionCase[]
  readonly heldOut: readonly HeldOut[]
}

async function askSet(
  prepared: PreparedRun,
  { search, signal }: FusionOptions,
  { database }: RunContext,
): Promise<AskedSet> {
  const { plan, corpusRevision } = prepared
  const library = await loadLibrary(database.pool, Object.keys(plan.articles))
  const asked = { tuning: [] as FusionCase[], test: [] as FusionCase[] }
  const heldOut: HeldOut[] = []
  for (const golden of plan.cases.filter(isAnswerable)) {
    const gold = findGold(golden, library)
    if (gold === null)
      heldOut.push({ caseId: golden.id, why: 'its evidence is not in the library' })
    else {
      const { understood, ...request } = toRequest(golden, signal)
      const found = await search({ ...understood, ...request, limit: 0 })
      if (found.degraded !== null) throw searchedBlind()
      if (found.corpusRevision !== corpusRevision) throw libraryChanged()
      asked[golden.split].push({ ...gold, rankAt: found.rankAt })
    }
  }
  return { prepared, ...asked, heldOut }
}

/** Where the library has the answer; null where a quote or an article is missing. */
function findGold(
  { articles, evidence }: GoldenCase,
  library: Library,
): Omit<FusionCase, 'rankAt'> | null {
  const articleIds = articles.map((guid) => library.get(guid)?.chunks[0]?.articleId)
  const chunkIds = evidence.map(({ article, quote }) => {
    const chunks = library.get(article)?.chunks ?? []
    return chunks.find(({ sentences }) => sentences.some(({ text }) => holdsQuote(text, quote)))
      ?.chunkId
  })
  const found = [...articleIds, ...chunkIds]
  if (chunkIds.length === 0 || found.includes(undefined)) return null
  const toSet = (ids: readonly (string | undefined)[]) => new Set(ids.flatMap((id) => id ?? []))
  return { articles: toSet(articleIds), chunks: toSet(chunkIds) }
}

function describeSet({ prepared, tuning, test }: AskedSet): FusionFit['sets'][string] {
  const hash = prepared.fingerprints['set'] ?? ''
  return { hash, tuning: tuning.length, test: test.length }
}
