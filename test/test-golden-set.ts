// A golden set over the library of test-feed.ts, right as it stands; a test breaks one part of it.
import type { LibraryTexts } from '../eval/check-set.ts'
import type { GoldenCase } from '../eval/golden-case.ts'
import type { GoldenSet } from '../eval/golden-set.ts'
import { hashText } from '../eval/library.ts'
import { LIMIT, MISSED } from './test-feed.ts'

export const ANSWERABLE: GoldenCase = {
  id: 'ls-001',
  question: 'How large may the payload of a notification be?',
  kind: 'fact',
  split: 'test',
  articles: ['listening'],
  facts: [['8000 bytes', '8 kB']],
  must_not: ['4000'],
  reference: 'At most 8,000 bytes.',
  evidence: [{ article: 'listening', quote: 'payload is limited to' }],
}

export const NEAR_MISS: GoldenCase = {
  id: 'ls-002',
  question: 'In which version did the limit of a payload come in?',
  kind: 'unanswerable',
  split: 'tuning',
  articles: [],
  facts: [],
  must_not: [],
  reference: '',
  evidence: [],
  tags: ['near-miss'],
}

export const FOLLOW_UP: GoldenCase = {
  ...ANSWERABLE,
  id: 'ls-003',
  kind: 'followup',
  question: 'And what if I was away?',
  turns: [
    { role: 'user', content: 'How do I hear of a change?' },
    { role: 'assistant', content: 'You listen for its notification.' },
  ],
  facts: [['misses']],
  reference: 'Whoever is away misses it.',
  evidence: [{ article: 'listening', quote: 'misses every notification' }],
}

export const LISTENING_SENTENCES = [
  LIMIT,
  'Larger ones are refused with an error.',
  MISSED,
  'So a queue polls as well.',
]

export function toTexts(articles: Readonly<Record<string, readonly string[]>>): LibraryTexts {
  return new Map(
    Object.entries(articles).map(([guid, sentences]) => {
      const text = `Limits\n\n${sentences.join(' ')}`
      return [guid, { text, sentences, hash: hashText(text) }]
    }),
  )
}

export const TEXTS = toTexts({ listening: LISTENING_SENTENCES })

export function toSet(
  cases: readonly GoldenCase[] = [ANSWERABLE, NEAR_MISS, FOLLOW_UP],
): GoldenSet {
  const articles = Object.fromEntries([...TEXTS].map(([guid, { hash }]) => [guid, hash]))
  const lines = new Map(cases.map(({ id }, at) => [id, at + 1]))
  return { name: 'listening', feed: 'A test feed', articles, cases, lines }
}
