import type { Baseline, BaselineArm, BaselineCase } from './baseline.ts'
import { valuesOf } from './case-values.ts'
import { groupByCase } from './metrics.ts'
import type { Noise } from './noise.ts'
import type { EvaluatedCase } from './report.ts'

export interface BlessInput {
  readonly set: string
  readonly why: string
  readonly commit: string | null
  /** RFC 3339, in UTC. */
  readonly at: string
  /** The run's id. */
  readonly run: string
  readonly previous: Baseline | null
  readonly rowsByArm: ReadonlyMap<string, readonly EvaluatedCase[]>
  /** Case id → hash now, of every case of the set, whether it was run or not. */
  readonly hashes: ReadonlyMap<string, string>
  /** Guid → hash of the text, of the library's articles. */
  readonly articles: ReadonlyMap<string, string>
  readonly fingerprints: Readonly<Record<string, string | null>>
  /** By arm, where it was measured; an arm without keeps what it had. */
  readonly noise: ReadonlyMap<string, Noise>
}

/**
 * The baseline that a run makes. What the run did not do stays as it was: other arms, other cases, and
 * cases that ended in an error; cases that have left the set leave the baseline as well.
 */
export function toBaseline(input: BlessInput): Baseline {
  const { set, why, commit, at, previous } = input
  const names = [...new Set([...Object.keys(previous?.arms ?? {}), ...input.rowsByArm.keys()])]
  return {
    set,
    blessed: { at, why, commit },
    articles: sortKeys({ ...previous?.articles, ...articlesOf(input) }),
    arms: sortKeys(Object.fromEntries(names.map((name) => [name, toArm(name, input)]))),
  }
}

function toArm(name: string, input: BlessInput): BaselineArm {
  const before = input.previous?.arms[name]
  const rows = input.rowsByArm.get(name)
  const kept = Object.entries(before?.cases ?? {}).filter(([id]) => input.hashes.has(id))
  const cases = { ...Object.fromEntries(kept), ...toCases(rows ?? [], input) }
  if (before !== undefined && rows === undefined) return { ...before, cases: sortKeys(cases) }
  return {
    run: input.run,
    fingerprints: sortKeys(input.fingerprints),
    noise: input.noise.get(name) ?? before?.noise ?? null,
    cases: sortKeys(cases),
  }
}

function toCases(
  rows: readonly EvaluatedCase[],
  { hashes }: BlessInput,
): Record<string, BaselineCase> {
  const cases = [...groupByCase(rows)].flatMap(([id, repetitions]) => {
    const hash = hashes.get(id)
    const isWhole = repetitions.every(({ scores }) => scores !== null)
    const [first] = repetitions.toSorted((a, b) => a.repetition - b.repetition)
    if (hash === undefined || !isWhole || first?.stages == null) return []
    const values = valuesOf(repetitions)
    return [[id, { hash, values, stages: first.stages }] as const]
  })
  return Object.fromEntries(cases)
}

/** Those that the run's cases speak of or that its passages came from: the rest nobody asks for. */
function articlesOf({ rowsByArm, articles }: BlessInput): Record<string, string> {
  const guids = [...rowsByArm.values()]
    .flat()
    .flatMap(({ golden, answer }) => [
      ...golden.articles,
      ...golden.evidence.map(({ article }) => article),
      ...(answer?.passages ?? []).map(({ guid }) => guid),
    ])
  const known = [...new Set(guids)].flatMap((guid) => {
    const hash = articles.get(guid)
    return hash === undefined ? [] : [[guid, hash] as const]
  })
  return Object.fromEntries(known)
}

/** So that the difference of two files is what changed. */
function sortKeys<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The file: JSON with one article and one case a line. */
export function formatBaseline({ set, blessed, articles, arms }: Baseline): string {
  const armLines = Object.entries(arms).map(
    ([name, { run, fingerprints, noise, cases }]) =>
      `    ${JSON.stringify(name)}: {
      "run": ${JSON.stringify(run)},
      "fingerprints": ${JSON.stringify(fingerprints)},
      "noise": ${JSON.stringify(noise)},
      "cases": ${block(cases, '      ')}
    }`,
  )
  return `{
  "set": ${JSON.stringify(set)},
  "blessed": ${JSON.stringify(blessed)},
  "articles": ${block(articles, '  ')},
  "arms": {
${armLines.join(',\n')}
  }
}
`
}

function block(record: Readonly<Record<string, unknown>>, indent: string): string {
  const lines = Object.entries(record).map(
    ([key, value]) => `${indent}  ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  )
  return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n${indent}}`
}
