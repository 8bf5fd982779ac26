import type { Block, ChunkedArticle, ChunkSpan, SentenceSpan } from '../src/domain.ts'
import { shifted, splitSentences } from '../src/retrieval/split-sentences.ts'

/** Two or three paragraphs: enough to be found by, few enough to be about one thing. */
const MAX_TOKENS = 180
/** A code block is kept whole up to so many times the tokens of a chunk, */
const CODE_FACTOR = 2
/** and whatever else with the line that leads to it up to so many. */
const LEAD_IN_FACTOR = 1.5
/** Below this share of a chunk, what stands alone joins what follows, or at a section's end precedes. */
const SMALL_SHARE = 0.25
/** Bound what one article can cost; a longer one is cut off behind them. */
const MAX_CHUNKS = 200
const MAX_TEXT_CHARS = 500_000
/** Longer text is too long without being counted: no language has such tokens. */
const MAX_CHARS_PER_TOKEN = 20

const SEPARATOR = '\n\n'

interface ChunkOptions {
  readonly countTokens: (text: string) => number
  readonly maxTokens?: number
}

interface Section {
  readonly headingPath: readonly string[]
  readonly blocks: readonly PlacedBlock[]
}

interface PlacedBlock extends Block {
  readonly start: number
}

/** What is not divided between chunks: a block, or a line or sentence of one that is too long. */
interface Unit extends SentenceSpan {
  readonly sentences: readonly SentenceSpan[]
  readonly tokens: number
  readonly isCode: boolean
  readonly leadsOn: boolean
}

/** The article's plain text, and the chunks and sentences in it. */
export function chunkArticle(all: readonly Block[], options: ChunkOptions): ChunkedArticle {
  const blocks = withoutExcess(all)
  const text = blocks.map((block) => block.text).join(SEPARATOR)
  const chunker = new Chunker(text, options)
  const chunks: ChunkSpan[] = []
  for (const section of sectionsOf(blocks)) {
    for (const chunk of chunker.chunksOf(section)) {
      chunks.push(chunk)
      if (chunks.length === MAX_CHUNKS) return { text: text.slice(0, chunk.end), chunks }
    }
  }
  return { text, chunks }
}

/** What a chunk is about, to be read in front of its text. */
export function chunkContext(title: string, headingPath: readonly string[]): string {
  const [name, ...path] = [title, ...headingPath].map((each) => each.trim())
  const isRepeated = path[0]?.toLowerCase() === name?.toLowerCase()
  return [isRepeated ? '' : name, ...path].filter(Boolean).join(' › ')
}

function withoutExcess(blocks: readonly Block[]): readonly Block[] {
  const kept: Block[] = []
  let room = MAX_TEXT_CHARS
  for (const block of blocks) {
    if (room <= 0) break
    // No half of a surrogate pair may stay.
    const text = block.text.slice(0, room).replace(/\p{Cs}$/u, '')
    kept.push({ ...block, text })
    room -= text.length + SEPARATOR.length
  }
  return kept
}

function* sectionsOf(blocks: readonly Block[]): Generator<Section> {
  let headings: readonly Block[] = []
  let body: PlacedBlock[] = []
  let start = 0
  for (const block of blocks) {
    if (block.kind === 'heading') {
      yield { headingPath: headings.map(({ text }) => text), blocks: body }
      body = []
      headings = [...headings.filter(({ level = 1 }) => level < (block.level ?? 1)), block]
    } else {
      body.push({ ...block, start })
    }
    start += block.text.length + SEPARATOR.length
  }
  yield { headingPath: headings.map(({ text }) => text), blocks: body }
}

class Chunker {
  readonly #text: string
  readonly #countTokens: (text: string) => number
  readonly #maxTokens: number

  constructor(text: string, { countTokens, maxTokens = MAX_TOKENS }: ChunkOptions) {
    this.#text = text
    this.#countTokens = countTokens
    this.#maxTokens = maxTokens
  }

  *chunksOf({ headingPath, blocks }: Section): Generator<ChunkSpan> {
    for (const units of this.#pack(blocks)) {
      const [first] = units
      const last = units.at(-1)
      if (first === undefined || last === undefined) continue
      const sentences = units.flatMap((unit) => unit.sentences)
      yield { headingPath, start: first.start, end: last.end, sentences }
    }
  }

  *#pack(blocks: readonly PlacedBlock[]): Generator<readonly Unit[]> {
    let before: readonly Unit[] = []
    let open: readonly Unit[] = []
    for (const group of this.#groups(blocks)) {
      if (tokensOf([...open, ...group]) <= this.#maxTokens || this.#isIntroduction(open, group)) {
        open = [...open, ...group]
      } else {
        yield before
        before = open
        open = group
      }
    }
    if (this.#isSmall(open)) yield [...before, ...open]
    else yield* [before, open]
  }

  /** Units with what they lead to, where both fit. */
  *#groups(blocks: readonly PlacedBlock[]): Generator<readonly Unit[]> {
    let group: readonly Unit[] = []
    for (const block of blocks) {
      for (const unit of this.#units(block)) {
        if (group.at(-1)?.leadsOn === true && this.#isJoinable(group, [unit])) {
          group = [...group, unit]
        } else {
          yield group
          group = [unit]
        }
      }
    }
    yield group
  }

  #isIntroduction(open: readonly Unit[], group: readonly Unit[]): boolean {
    return this.#isSmall(open) && this.#isJoinable(open, group)
  }

  #isSmall(units: readonly Unit[]): boolean {
    return tokensOf(units) < this.#maxTokens * SMALL_SHARE
  }

  #isJoinable(units: readonly Unit[], next: readonly Unit[]): boolean {
    const factor = next.some(({ isCode }) => isCode) ? CODE_FACTOR : LEAD_IN_FACTOR
    return tokensOf([...units, ...next]) <= this.#maxTokens * factor
  }

  *#units(block: PlacedBlock): Generator<Unit> {
    const { start, text, kind } = block
    const sentences = splitSentences(text, kind).map((span) => shifted(span, start))
    if (sentences.length === 0) return
    const isCode = kind === 'code'
    const factor = isCode ? CODE_FACTOR : 1
    const parts = this.#fits(text, factor) ? [sentences] : this.#parts(sentences)
    const starts = parts.map((part, at) => {
      const end = parts[at - 1]?.at(-1)?.end
      return end === undefined ? start : this.#startBehind(end, part)
    })
    for (const [at, part] of parts.entries()) {
      const from = starts[at] ?? start
      const unit = this.#text.slice(from, starts[at + 1] ?? start + text.length).trimEnd()
      const tokens = this.#countTokens(unit)
      const leadsOn = !isCode && unit.endsWith(':')
      yield { start: from, end: from + unit.length, sentences: part, tokens, isCode, leadsOn }
    }
  }

  /** The sentences of each line that fits, and each sentence of one that does not. */
  #parts(sentences: readonly SentenceSpan[]): readonly (readonly SentenceSpan[])[] {
    return this.#lines(sentences).flatMap((line) => {
      const text = this.#text.slice(line[0]?.start, line.at(-1)?.end)
      return this.#fits(text, 1) ? [line] : line.map((sentence) => [sentence])
    })
  }

  #lines(sentences: readonly SentenceSpan[]): readonly (readonly SentenceSpan[])[] {
    const lines: SentenceSpan[][] = []
    for (const sentence of sentences) {
      const line = lines.at(-1)
      const gap = this.#text.slice(line?.at(-1)?.end ?? sentence.start, sentence.start)
      if (line === undefined || gap.includes('\n')) lines.push([sentence])
      else line.push(sentence)
    }
    return lines
  }

  /** A line starts with its indent and its list mark, which are in no sentence. */
  #startBehind(end: number, [sentence]: readonly SentenceSpan[]): number {
    const start = sentence?.start ?? end
    const lineBreak = this.#text.slice(end, start).lastIndexOf('\n')
    return lineBreak === -1 ? start : end + lineBreak + 1
  }

  #fits(text: string, factor: number): boolean {
    const maxTokens = this.#maxTokens * factor
    return text.length <= maxTokens * MAX_CHARS_PER_TOKEN && this.#countTokens(text) <= maxTokens
  }
}

function tokensOf(units: readonly Unit[]): number {
  return units.reduce((sum, { tokens }) => sum + tokens, 0)
}
