import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Passage } from '../domain.ts'
import { fingerprintAnswer, hashCode } from './answer-cache.ts'
import { toStandalone } from './condense.ts'

const PASSAGE: Passage = {
  articleId: 'art_1',
  revision: 1,
  url: 'https://one.example/a',
  title: 'Title',
  heading: 'Heading',
  publishedAt: new Date(0),
  text: 'One. Two.',
  start: 10,
  end: 19,
  sentences: [
    { id: '1', text: 'One.', start: 10, end: 14 },
    { id: '2', text: 'Two.', start: 15, end: 19 },
  ],
  scores: { keyword: 1, vector: null, fused: 1 },
}
const OTHER: Passage = { ...PASSAGE, articleId: 'art_2' }
const CONDITIONS = {
  chat: 'llama:one',
  chatSource: 'sum',
  embedding: 'onnx:one',
  calibration: { extractedThreshold: 1 },
}
const GIVEN = {
  understood: toStandalone('What is C++?'),
  passages: [PASSAGE, OTHER],
  conditions: CONDITIONS,
  code: 'code',
}
const given = fingerprintAnswer(GIVEN)

it('is the same however the question is written and the passages were scored and stored', () => {
  const rescored = { ...PASSAGE, scores: { keyword: null, vector: 1, fused: 0.5 } }
  const restored = { ...OTHER, sentences: OTHER.sentences.map((each) => ({ ...each, id: '9' })) }
  const again = {
    ...GIVEN,
    understood: toStandalone('  what is "c++"'),
    passages: [rescored, restored],
  }
  expect(fingerprintAnswer(again)).toBe(given)
})

const passage = (changes: Partial<Passage>) => ({ passages: [{ ...PASSAGE, ...changes }, OTHER] })
const conditions = (changes: object) => ({ conditions: { ...CONDITIONS, ...changes } })
const understood = (changes: object) => ({ understood: { ...GIVEN.understood, ...changes } })

it.each([
  ['question', { understood: toStandalone('What is C?') }],
  ['understanding', understood({ question: 'What is C++? (about: compilers)' })],
  ['question before', understood({ earlier: 'What is C?' })],
  ['answer before', understood({ earlierAnswer: 'A language.' })],
  ['order of passages', { passages: [OTHER, PASSAGE] }],
  ['number of passages', { passages: [PASSAGE] }],
  ['article', passage({ articleId: 'art_3' })],
  ['revision', passage({ revision: 2 })],
  ['text', passage({ text: 'One. Too.' })],
  ['place', passage({ start: 11 })],
  ['address', passage({ url: 'https://one.example/b' })],
  ['title', passage({ title: 'Another title' })],
  ['heading', passage({ heading: '' })],
  ['date', passage({ publishedAt: null })],
  ['division into sentences', passage({ sentences: PASSAGE.sentences.slice(1) })],
  ['chat model', conditions({ chat: 'llama:two' })],
  ['weights under its name', conditions({ chatSource: 'another sum' })],
  ['embedding model', conditions({ embedding: 'onnx:two' })],
  ['calibration', conditions({ calibration: { extractedThreshold: 2 } })],
  ['code', { code: 'other code' }],
])('is another one where the %s is another', (_what, changes) => {
  expect(fingerprintAnswer({ ...GIVEN, ...changes })).not.toBe(given)
})

it('is of the code that answers, and not of its tests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'footnote-code-'))
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  write('prompt.ts', 'one')
  const first = hashCode([folder])
  write('prompt.test.ts', 'a test')
  write('notes.md', 'a note')
  expect(hashCode([folder])).toBe(first)
  write('prompt.ts', 'two')
  expect(hashCode([folder])).not.toBe(first)
  rmSync(folder, { recursive: true })
  expect(hashCode()).toMatch(/^[0-9a-f]{64}$/)
})
