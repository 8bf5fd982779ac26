import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { narrowFilters, readAskedTime } from './asked-time.ts'

/** A Wednesday. */
const now = new Date('2026-04-15T12:34:56Z')

/** “from – to”, either of which may be open. */
function read(question: string, earlier: string | null = null): string | null {
  const time = readAskedTime(question, { now, earlier })
  if (time === null) return null
  const [from, to] = [time.publishedAfter, time.publishedBefore].map(
    (date) => date?.toISOString().slice(0, 10) ?? '',
  )
  return `${from} – ${to}`
}

describe('a time of publication', () => {
  it.each([
    ['What articles were published this week?', '2026-04-13 – 2026-04-20'],
    ['Which posts about Postgres came out last month?', '2026-03-01 – 2026-04-01'],
    ['What did the blog say about vacuum last month?', '2026-03-01 – 2026-04-01'],
    ['Have any articles mentioned pgvector last month?', '2026-03-01 – 2026-04-01'],
    ['Which articles covered Postgres in the past 7 days?', '2026-04-08 – 2026-04-16'],
    ['What was published in 2024?', '2024-01-01 – 2025-01-01'],
    ['What did you publish in 2025?', '2025-01-01 – 2026-01-01'],
    ['anything published yesterday?', '2026-04-14 – 2026-04-15'],
    ['Show me news from today', '2026-04-15 – 2026-04-16'],
    ['articles from March 2026', '2026-03-01 – 2026-04-01'],
    ['What articles from May 2025 talk about Next.js?', '2025-05-01 – 2025-06-01'],
    ["this week's articles about indexes", '2026-04-13 – 2026-04-20'],
    ['What is new in Postgres this week?', '2026-04-13 – 2026-04-20'],
    ['Which articles written before April mention ML-KEM?', ' – 2026-04-01'],
    ['articles published since March 3', '2026-03-03 – '],
    ['posts on RAG since March 3rd', '2026-03-03 – '],
    ['articles published after March 2026', '2026-04-01 – '],
    ['posts between January and March 2026', '2026-01-01 – 2026-04-01'],
    ['posts from January to March', '2026-01-01 – 2026-04-01'],
    ['articles about quantum published in the last three months', '2026-01-15 – 2026-04-16'],
  ])('is read from “%s”', (question, range) => {
    expect(read(question)).toBe(range)
  })

  it('goes on in a follow-up, which may give another', () => {
    const earlier = 'What was published in January?'
    expect(read('and what about indexes?', earlier)).toBe('2026-01-01 – 2026-02-01')
    expect(read('and in March?', earlier)).toBe('2026-03-01 – 2026-04-01')
    expect(read('and in March?', 'What happened in January?')).toBeNull()
  })
})

it('reads as of which time it is asked, to the end of it', () => {
  const time = readAskedTime('As of June 2025, how many qubits does it take?', { now })
  expect(time).toEqual({ asOf: new Date('2025-06-30T23:59:59.999Z'), isLatest: false })
})

it.each([
  'What is the latest article about Postgres?',
  'What is the newest post?',
  `What's the latest on post-quantum crypto?`,
  'What have you published recently about FastAPI?',
  'Which is the most recent article on RAG?',
  'What is the latest version of Next.js?',
  'the last post about indexes',
  'anything new on zero trust?',
  'What is new in Postgres 17?',
])('prefers newer articles, and filters none, for “%s”', (question) => {
  expect(readAskedTime(question, { now })).toEqual({ isLatest: true })
})

it.each([
  'What will be deprecated by 2029?',
  'What was released in 2024?',
  'Before April what must be done?',
  'Which article says Google will migrate in 2029?',
  'What does the article say about attacks last year?',
  'In the query plan for the newest 100 active users, what is the time?',
  'What articles may help me?',
  'What happened in March 2026?',
  'how many of the 2000 posts were read?',
  'Which paper published in March 2026 showed that fewer qubits are needed?',
  'what percentage of developers work with contextual agents in 2026',
  'What changed last week?',
  'How do I delete articles older than a year?',
  'How do I see only articles published after a date?',
  'How long are answers kept since the last restart?',
  'As of version 17, what is the default?',
  'Which feeds were fetched today?',
  'How often is the last feed tried again?',
  'What does Valsorda say happened last month?',
  'What did the article on outages say happened last month?',
  'the second one',
  'Who posted 500 jobs in March?',
])('finds nothing that is asked of publication in “%s”', (question) => {
  expect(readAskedTime(question, { now })).toBeNull()
})

it.each(['glad-labs', 'handbook'])('touches no question of %s', (set) => {
  const file = new URL(`../../golden-set/${set}/cases.jsonl`, import.meta.url)
  const lines = readFileSync(file, 'utf8').split('\n')
  const questions = lines
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly question: string })
  const timed = questions.filter(({ question }) => readAskedTime(question, { now }) !== null)
  expect(timed).toHaveLength(0)
})

describe('with the filters of the request', () => {
  const day = (text: string) => new Date(`${text}T00:00:00Z`)

  it('keeps the narrower of each limit', () => {
    const filters = { publishedAfter: day('2026-01-01'), publishedBefore: day('2026-02-01') }
    const time = {
      publishedAfter: day('2025-01-01'),
      publishedBefore: day('2026-01-15'),
      isLatest: false,
    }
    expect(narrowFilters(filters, time)).toEqual({
      publishedAfter: day('2026-01-01'),
      publishedBefore: day('2026-01-15'),
    })
  })

  it('sets what they leave open, and leaves the rest', () => {
    const time = { asOf: day('2026-01-15'), isLatest: false }
    expect(narrowFilters({ author: ['Ada'] }, time)).toEqual({
      author: ['Ada'],
      asOf: day('2026-01-15'),
    })
    expect(narrowFilters({ author: ['Ada'] }, null)).toEqual({ author: ['Ada'] })
  })
})
