import type { Fault } from '../src/errors.ts'
import type { GoldenCase } from './golden-case.ts'
import { pathIn, type GoldenSet } from './golden-set.ts'
import { foldText, holdsQuote } from './holds-quote.ts'
import { hashText } from './library.ts'
import type { HeldOut } from './report.ts'

/** Guid → the article's plain text, its sentences, and the text's SHA-256. */
export type LibraryTexts = ReadonlyMap<
  string,
  { readonly text: string; readonly sentences: readonly string[]; readonly hash: string }
>

export interface SetCheck {
  /** Of the set itself: it must not be run. */
  readonly faults: readonly Fault[]
  /** Guids of the set's articles that the library lacks. */
  readonly missing: readonly string[]
  /** Guids of those whose text is another than the set was written from. */
  readonly changed: readonly string[]
  readonly heldOut: readonly HeldOut[]
  /** Case id → hash of the case and of its evidence sentences. */
  readonly hashes: ReadonlyMap<string, string>
}

/** Half of a case's hash: eight digits each for the case and for its sentences. */
const HALF = 8

/** Finds every quote in the library; the set is at fault only where its article is as it was. */
export function checkSet(set: GoldenSet, library: LibraryTexts): SetCheck {
  const finder = createFinder(library)
  const faults: Fault[] = []
  const heldOut: HeldOut[] = []
  const hashes = new Map<string, string>()
  for (const golden of set.cases) {
    const quotes = golden.evidence.map((each) => ({ ...each, found: finder(each) }))
    hashes.set(
      golden.id,
      hashCase(
        golden,
        quotes.flatMap(({ found }) => found ?? []),
      ),
    )
    const lost = quotes.filter(({ found }) => found !== null && found.length !== 1)
    const wrong = lost.filter(({ article }) => isUnchanged(article, set, library))
    const [moved] = lost.filter((each) => !wrong.includes(each))
    faults.push(...wrong.map((each) => toFault(set, golden, explain(each, library))))
    if (moved !== undefined) heldOut.push({ caseId: golden.id, why: whyMoved(moved, library) })
  }
  const guids = [...new Set([...Object.keys(set.articles), ...set.cases.flatMap(articlesOf)])]
  return {
    faults,
    missing: guids.filter((guid) => !library.has(guid)),
    changed: guids.filter((guid) => library.has(guid) && !isUnchanged(guid, set, library)),
    heldOut,
    hashes,
  }
}

function articlesOf({ articles }: GoldenCase): readonly string[] {
  return articles
}

function isUnchanged(guid: string, { articles }: GoldenSet, library: LibraryTexts): boolean {
  return library.get(guid)?.hash === articles[guid]
}

type Evidence = GoldenCase['evidence'][number]

interface SoughtQuote extends Evidence {
  /** The sentences that hold it; null where the library lacks the article. */
  readonly found: readonly string[] | null
}

/** Folds an article once, however many quotes are sought in it. */
function createFinder(library: LibraryTexts): (evidence: Evidence) => readonly string[] | null {
  const folded = new Map<string, readonly string[]>()
  return ({ article, quote }) => {
    const sentences = library.get(article)?.sentences
    if (sentences === undefined) return null
    const known = folded.get(article) ?? sentences.map(foldText)
    folded.set(article, known)
    const sought = foldText(quote)
    return sentences.filter((_, at) => known[at]?.includes(sought))
  }
}

function toFault({ name, lines }: GoldenSet, { id }: GoldenCase, problem: string): Fault {
  const line = lines?.get(id)
  const file = pathIn(name, 'cases.jsonl')
  return { path: line === undefined ? file : `${file}:${line}`, message: `${id}: ${problem}` }
}

function explain({ article, quote, found }: SoughtQuote, library: LibraryTexts): string {
  const count = found?.length ?? 0
  const where = `evidence: “${quote}”`
  if (count > 1) return `${where} stands in ${count} sentences of ${article}; lengthen it until one`
  return holdsQuote(library.get(article)?.text ?? '', quote)
    ? `${where} is no part of one sentence of ${article}, but of a heading or of several; choose one`
    : `${where} is not in ${article}; copy a phrase of it word for word`
}

function whyMoved({ article, quote, found }: SoughtQuote, library: LibraryTexts): string {
  const count = found?.length ?? 0
  const rest = count > 1 ? `stands in ${count} of its sentences` : 'is in none of its sentences'
  const title = library.has(article) ? `${article} was changed` : article
  return `${title}, and “${quote}” ${rest}: read it again and mend the case`
}

/**
 * Two halves, so that a case that was reworded can be told from one whose evidence was; line breaks
 * of the article do not count.
 */
function hashCase(golden: GoldenCase, sentences: readonly string[]): string {
  const spaced = sentences.map((sentence) => sentence.replaceAll(/\s+/g, ' ').trim())
  return [canonicalJson(golden), canonicalJson(spaced)]
    .map((json) => hashText(json).slice(0, HALF))
    .join('')
}

/** The half of a hash that stands for the case without its evidence sentences. */
export function ownHash(hash: string): string {
  return hash.slice(0, HALF)
}

/** Whatever the order its fields were written in. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  )
}
