import { ownHash, type SetCheck } from './check-set.ts'
import { isAnswerable, type GoldenCase } from './golden-case.ts'
import type { GoldenSet } from './golden-set.ts'
import type { HeldOut } from './report.ts'

/** What of a baseline tells which cases were reviewed with which evidence. */
interface Blessed {
  readonly arms: Readonly<
    Record<string, { readonly cases: Readonly<Record<string, { readonly hash: string }>> }>
  >
}

interface HoldOutInput {
  readonly set: Pick<GoldenSet, 'cases'>
  readonly check: Pick<SetCheck, 'heldOut' | 'hashes' | 'missing'>
  readonly baseline: Blessed | null
  /** Guids of the articles that came later than the set and its baseline. */
  readonly newer: ReadonlySet<string>
  /** Case id → guids of the articles that its passages came from. */
  readonly passagesByCase: ReadonlyMap<string, Iterable<string>>
}

/** The cases that must be looked at before they judge again, each once, in the set's order. */
export function holdOut(input: HoldOutInput): readonly HeldOut[] {
  const checked = new Map(input.check.heldOut.map((each) => [each.caseId, each.why]))
  return input.set.cases.flatMap((golden) => {
    const why = checked.get(golden.id) ?? whyHeldOut(golden, input)
    return why === undefined ? [] : [{ caseId: golden.id, why }]
  })
}

function whyHeldOut(golden: GoldenCase, input: HoldOutInput): string | undefined {
  if (!isAnswerable(golden)) return whyNewer(golden, input)
  return isEvidenceChanged(golden, input)
    ? 'its evidence sentence changed: read it, and bless the set if the case still holds'
    : undefined
}

/** An article that nobody has held against the question may answer it. */
function whyNewer({ id }: GoldenCase, { newer, passagesByCase }: HoldOutInput): string | undefined {
  const found = [...(passagesByCase.get(id) ?? [])].find((guid) => newer.has(guid))
  return found === undefined
    ? undefined
    : `${found} is newer than the set and stands among its passages: see whether it answers the question`
}

/** Blessed with other sentences, and never with these; a missing article is the run's to decide on. */
function isEvidenceChanged(
  { id, articles }: GoldenCase,
  { check, baseline }: HoldOutInput,
): boolean {
  const hash = check.hashes.get(id)
  if (hash === undefined || articles.some((guid) => check.missing.includes(guid))) return false
  const blessed = Object.values(baseline?.arms ?? {}).flatMap(({ cases }) =>
    Object.hasOwn(cases, id) ? [cases[id]?.hash ?? ''] : [],
  )
  return !blessed.includes(hash) && blessed.some((each) => ownHash(each) === ownHash(hash))
}
