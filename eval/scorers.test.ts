import { describe, expect, it } from 'vitest'
import { kilnAnswer, kilnCase, toSpans } from '../test/right-answer.ts'
import type { ArticleSpan, CaseAnswer, CaseCitation } from './case-answer.ts'
import type { GoldenCase } from './golden-case.ts'
import { scoreCase } from './score-case.ts'

// The scorers judge every change of the service, so they must see each way in which an answer goes
// wrong: 40 right answers, each spoiled in five ways.

interface Statement {
  /** Of the article. */
  readonly evidence: string
  readonly answer: string
  /** The number of the answer on which everything rests. */
  readonly fact: string
  /** A value that the case forbids. */
  readonly forbidden: string
}

const s = (
  evidence: string,
  answer: string,
  [fact, forbidden]: readonly [string, string],
): Statement => ({ evidence, answer, fact, forbidden })

const ARTICLES: Readonly<Record<string, readonly Statement[]>> = {
  kiln: [
    s('The kiln holds 640 degrees for nine hours.', 'The kiln holds 640 degrees.', ['640', '460']),
    s('Ash wood dries for two winters.', 'Ash wood dries for 2 winters.', ['2', '3']),
    s('A full load is 85 pots.', 'A full load is 85 pots.', ['85', '58']),
    s('Its walls are 32cm thick.', 'The walls are 32 cm thick.', ['32', '23']),
  ],
  ferry: [
    s('The ferry takes 1,200 people across.', 'The ferry takes 1200 people.', ['1200', '1300']),
    s('A crossing lasts 45 minutes.', 'A crossing lasts 45 minutes.', ['45', '54']),
    s('Bicycles cost 4.50 each way.', 'Bicycles cost 4.5 each way.', ['4.5', '5.5']),
    s('It sails from March in all 18 harbours.', 'It sails in 18 harbours.', ['18', '81']),
  ],
  bakery: [
    s('The dough rests for sixteen hours.', 'The dough rests for 16 hours.', ['16', '60']),
    s('Rye makes up 70 percent of the flour.', 'Rye makes up 70% of the flour.', ['70', '30']),
    s('Ovens start at 3 in the morning.', 'The ovens start at 3.', ['3', '4']),
    s('Each loaf weighs 950 grams.', 'Each loaf weighs 950 grams.', ['950', '590']),
  ],
  queue: [
    s('A message may have 8000 bytes.', 'A message may have 8,000 bytes.', ['8000', '9000']),
    s('Failed jobs are tried 5 times.', 'Failed jobs are tried 5 times.', ['5', '6']),
    s('Workers poll each 250ms.', 'Workers poll each 250 ms.', ['250', '520']),
    s('It kept 12.5k jobs in a test.', 'It kept 12,500 jobs in a test.', ['12.5k', '15k']),
  ],
  bees: [
    s('A hive holds forty thousand bees.', 'A hive holds 40,000 bees.', ['40000', '50000']),
    s('The queen lays eggs for 4 years.', 'The queen lays eggs for 4 years.', ['4', '5']),
    s('Brood needs 35 degrees of warmth.', 'Brood needs 35 degrees.', ['35', '53']),
    s('Winter stores come to 20 kilograms.', 'Winter stores come to 20 kilograms.', ['20', '10']),
  ],
  tower: [
    s('The tower has 311 steps.', 'The tower has 311 steps.', ['311', '113']),
    s('Its bell weighs 2.3 tonnes.', 'The bell weighs 2.3 tonnes.', ['2.3', '3.2']),
    s('It was finished in 1894.', 'The tower was finished in 1894.', ['1894', '1849']),
    s('Lightning struck the roof 6 times.', 'Lightning struck the roof 6 times.', ['6', '9']),
  ],
  library: [
    s('Readers borrow up to 15 books.', 'Readers borrow up to 15 books.', ['15', '50']),
    s('A fine is 0.20 a day.', 'A fine is 0.2 a day.', ['0.2', '0.3']),
    s('The reading room seats 96 people.', 'The reading room seats 96 people.', ['96', '69']),
    s('Loans last four weeks.', 'Loans last 4 weeks.', ['4', '6']),
  ],
  race: [
    s('The course climbs 1,850 metres.', 'The course climbs 1,850 metres.', ['1,850', '1,580']),
    s('There are 11 places to drink.', 'There are 11 places to drink.', ['11', '17']),
    s('Runners leave the course after 9 hours.', 'Runners leave after 9 hours.', ['9', '8']),
    s('Last year 734 runners finished.', 'Last year 734 runners finished.', ['734', '743']),
  ],
  battery: [
    s('The battery keeps 82% after ten years.', 'The battery keeps 82 percent.', ['82%', '28%']),
    s('It charges in 75 minutes.', 'The battery charges in 75 minutes.', ['75', '57']),
    s('Cells rest at 3.7 volts.', 'Cells rest at 3.7 volts.', ['3.7', '7.3']),
    s('Its case survived 1.5 million cycles.', 'The case survived 1.5M cycles.', ['1.5M', '2M']),
  ],
  garden: [
    s('Beans are sown 8 centimetres apart.', 'Beans are sown 8 cm apart.', ['8', '18']),
    s('The pond is 140 centimetres deep.', 'The pond is 140 cm deep.', ['140', '104']),
    s('Apples are picked in week 38.', 'Apples are picked in week 38.', ['38', '83']),
    s('Compost heats to 65 degrees.', 'Compost heats to 65 degrees.', ['65', '56']),
  ],
}

interface Row {
  readonly golden: GoldenCase
  readonly answer: CaseAnswer
}

interface Base extends Row {
  readonly statement: Statement
  /** Another sentence of the article, and a sentence of another article. */
  readonly others: readonly [ArticleSpan, ArticleSpan]
}

const articles = Object.entries(ARTICLES).map(([guid, statements]) => ({
  guid,
  statements,
  spans: toSpans(
    guid,
    statements.map(({ evidence }) => evidence),
  ),
}))

const bases: readonly Base[] = articles.flatMap(({ guid, statements, spans }, number) =>
  statements.map((statement, at) => {
    const next = articles[(number + 1) % articles.length]
    return {
      statement,
      golden: toCase(guid, statement),
      answer: toAnswer(statement, spans, at),
      others: [spans[(at + 1) % spans.length]!, next!.spans[at]!],
    }
  }),
)

function toCase(guid: string, { evidence, answer, fact, forbidden }: Statement): GoldenCase {
  return kilnCase({
    articles: [guid],
    facts: [[fact]],
    must_not: [forbidden],
    reference: answer,
    evidence: [{ article: guid, quote: evidence.replace(/\.$/, '') }],
  })
}

function toAnswer({ answer }: Statement, spans: readonly ArticleSpan[], at: number): CaseAnswer {
  const { guid } = spans[at]!
  const text = spans.map((span) => span.text).join(' ')
  return kilnAnswer({
    answer: `${answer} [1]`,
    sentences: [{ text: answer, citations: [1] }],
    citations: [{ number: 1, ...spans[at]! }],
    passages: [{ guid, text, start: 0, end: text.length }],
    candidates: [{ guid, chunkId: guid, keyword: 1, vector: 1, fused: 1 }],
  })
}

/** The text of an answer replaced, its mark kept. */
function reword(answer: CaseAnswer, change: (text: string) => string): CaseAnswer {
  const sentences = answer.sentences.map((each) => ({ ...each, text: change(each.text) }))
  return { ...answer, sentences, answer: `${sentences.map(({ text }) => text).join(' ')} [1]` }
}

function addSentence(answer: CaseAnswer, text: string, place: 'before' | 'behind'): CaseAnswer {
  const added = { text, citations: place === 'before' ? [] : [1] }
  return place === 'before'
    ? { ...answer, answer: `${text} ${answer.answer}`, sentences: [added, ...answer.sentences] }
    : { ...answer, answer: `${answer.answer} ${text} [1]`, sentences: [...answer.sentences, added] }
}

function cite(answer: CaseAnswer, span: ArticleSpan): CaseAnswer {
  const citation: CaseCitation = { number: 1, ...span }
  return { ...answer, citations: [citation] }
}

const MUTATIONS: Readonly<Record<string, (base: Base, at: number) => CaseAnswer>> = {
  // 640 becomes 6407: what nobody said and nobody thought of forbidding.
  'swapped number': ({ answer }) =>
    reword(answer, (text) => text.replace(/\d[\d.,]*(?<=\d)/, (digits) => `${digits}7`)),
  'dropped citation': ({ answer }) => ({
    ...answer,
    answer: answer.answer.replace(' [1]', ''),
    sentences: answer.sentences.map((each) => ({ ...each, citations: [] })),
    citations: [],
  }),
  'wrong passage': ({ answer, others }, at) => cite(answer, others[at % 2]!),
  'refuse-then-answer': ({ answer }) =>
    addSentence(answer, 'The articles do not say this.', 'before'),
  contradiction: ({ answer, statement }) =>
    addSentence(answer, `Then again, it is ${statement.forbidden}.`, 'behind'),
}

function verdictOf(row: Row) {
  const { correct, failure, answer } = scoreCase(row)
  return {
    correct,
    failure,
    citationRecall: answer && answer.supportedSentences / answer.sentences,
    evidencePrecision: answer && answer.evidenceMarks / Math.max(1, answer.citationMarks),
  }
}

const RIGHT = { correct: true, failure: null, citationRecall: 1, evidencePrecision: 1 }
const mutated = Object.entries(MUTATIONS).flatMap(([name, mutate]) =>
  bases.map((base, at) => ({
    name,
    sentence: base.statement.answer,
    at,
    row: { ...base, answer: mutate(base, at) },
  })),
)

describe('the verdict on 40 right answers', () => {
  it.each(bases.map((base) => [base.statement.answer, base] as const))(
    'is right: %s',
    (_, base) => {
      expect(verdictOf(base)).toEqual(RIGHT)
    },
  )
})

describe('the verdict on 200 spoiled answers', () => {
  it('is asked of as many', () => {
    expect(bases).toHaveLength(40)
    expect(mutated).toHaveLength(200)
  })

  it.each(mutated)('changes by $name: $sentence', ({ row }) => {
    expect(verdictOf(row)).not.toEqual(RIGHT)
  })
})

describe('the verdict on the first answer', () => {
  const verdictBy = (name: string, at = 0) => {
    const base = bases[0]!
    return verdictOf({ golden: base.golden, answer: MUTATIONS[name]!(base, at) })
  }

  it('is a wrong fact without support where its number is swapped', () => {
    // 6407 is not in the sentence it cites (0 of 1 supported), which is still the evidence (1 of 1).
    expect(verdictBy('swapped number')).toEqual({
      correct: false,
      failure: 'wrong-fact',
      citationRecall: 0,
      evidencePrecision: 1,
    })
  })

  it('is right but uncited without its mark', () => {
    expect(verdictBy('dropped citation')).toEqual({
      correct: true,
      failure: 'uncited',
      citationRecall: 0,
      evidencePrecision: 0,
    })
  })

  it('is right but badly cited with another sentence of the article', () => {
    // kiln, hold, 640, degre: "Ash wood dries for two winters." has none of 4.
    expect(verdictBy('wrong passage')).toEqual({
      correct: true,
      failure: null,
      citationRecall: 0,
      evidencePrecision: 0,
    })
  })

  it('is right but uncited with a sentence of another article', () => {
    expect(verdictBy('wrong passage', 1)).toMatchObject({ correct: true, failure: 'uncited' })
  })

  it('is neither a refusal nor an answer with a denial in front', () => {
    // One of two sentences is supported, by the one mark.
    expect(verdictBy('refuse-then-answer')).toEqual({
      correct: false,
      failure: 'wrong-fact',
      citationRecall: 1 / 2,
      evidencePrecision: 1,
    })
  })

  it('is wrong with a contradiction behind', () => {
    // 460 is not in the sentence it cites: one of two supported; both marks are the evidence.
    expect(verdictBy('contradiction')).toEqual({
      correct: false,
      failure: 'wrong-fact',
      citationRecall: 1 / 2,
      evidencePrecision: 1,
    })
  })
})
