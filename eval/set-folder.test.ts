import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../src/errors.ts'
import { ROOT } from '../test/source-tree.ts'
import { ANSWERABLE, NEAR_MISS, toSet } from '../test/test-golden-set.ts'
import {
  goldenSetsDir,
  listSetArticles,
  listSets,
  loadBaseline,
  loadSet,
  saveBaseline,
} from './set-folder.ts'

const LABEL = {
  caseId: 'ls-001',
  statement: 'A payload has 8000 bytes at most.',
  article: 'listening',
  quote: 'payload is limited to 8000 bytes',
  supports: true,
}
const BASELINE = {
  set: 'mine',
  blessed: { at: '2026-05-01T00:00:00Z', why: 'The first.', commit: null },
  articles: {},
  arms: {},
}

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'footnote-sets-'))
  const { feed, articles } = toSet()
  await write('set.json', JSON.stringify({ feed, articles, floors: { system: { correct: 0.5 } } }))
  await write('cases.jsonl', toLines(ANSWERABLE, NEAR_MISS))
})

afterEach(() => rm(folder, { recursive: true }))

async function write(file: string, text: string, name = 'mine'): Promise<void> {
  await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, name, file), text)
}

function toLines(...rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

async function faultOf(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof AppError) return error
  throw new Error('It did not fail as it should.', { cause: error })
}

describe('the golden sets', () => {
  it('are the project’s own, beside its package.json', () => {
    expect(goldenSetsDir).toBe(join(ROOT, 'golden-set'))
  })

  it('are the folders that hold a set.json', async () => {
    await write('notes.md', '', 'drafts')
    await write('set.json', '{}', 'another')
    await write('set.json', '{}', 'Not A Name')
    expect(await listSets({ folder })).toEqual(['another', 'mine'])
  })
})

describe('the articles of a set', () => {
  it('are those of its set.json, whatever is wrong with its cases', async () => {
    await write('cases.jsonl', '{"id": \n')
    expect(await listSetArticles('mine', { folder })).toEqual(['listening'])
  })

  it.each(['{', '{}', '[]'])('are none where its set.json cannot be read: %s', async (text) => {
    await write('set.json', text)
    expect(await listSetArticles('mine', { folder })).toEqual([])
  })

  it('are asked of a set that is there', async () => {
    expect((await faultOf(listSetArticles('yours', { folder }))).code).toBe('not-found')
  })
})

describe('a set', () => {
  it('is loaded with its cases, in order, and the lines they stand on', async () => {
    await write('cases.jsonl', `\n${toLines(ANSWERABLE)}\n\n${toLines(NEAR_MISS)}`)
    const { feed, articles } = toSet()
    expect(await loadSet('mine', { folder })).toEqual({
      name: 'mine',
      feed,
      articles,
      floors: { system: { correct: 0.5 } },
      cases: [ANSWERABLE, NEAR_MISS],
      lines: new Map([
        ['ls-001', 2],
        ['ls-002', 5],
      ]),
    })
  })

  it('is loaded with what people labelled, where it has that', async () => {
    await write('labelled-citations.jsonl', toLines(LABEL))
    expect((await loadSet('mine', { folder })).labelled).toEqual([LABEL])
  })

  it.each(['yours', '../mine', 'mine/../mine', '', '/etc', '.'])(
    'that is not there is told with those that are: “%s”',
    async (name) => {
      const { code, message } = await faultOf(loadSet(name, { folder }))
      expect(code).toBe('not-found')
      expect(message).toBe(`There is no golden set “${name}”; there is mine.`)
    },
  )

  it('that is not there sends to the README where there is none at all', async () => {
    await rm(join(folder, 'mine'), { recursive: true })
    const { message } = await faultOf(loadSet('mine', { folder }))
    expect(message).toContain('golden-set/README.md')
  })

  it('with faults is refused with all of them at once, each by its line', async () => {
    await write('set.json', JSON.stringify({ feed: '', articles: { listening: 'abc' }, arms: 1 }))
    await write(
      'cases.jsonl',
      `{"id": \n${toLines(NEAR_MISS, { ...NEAR_MISS, tags: [] }, { ...ANSWERABLE, kind: 'riddle', extra: 1 })}`,
    )
    await write('labelled-citations.jsonl', toLines({ ...LABEL, supports: 'yes' }))
    const { code, message, errors } = await faultOf(loadSet('mine', { folder }))
    expect(code).toBe('invalid-request')
    expect(message).toContain(
      'The golden set mine has 9 faults, the first in golden-set/mine/set.json',
    )
    const told = errors.map(({ path, message: problem }) => `${path} ${problem}`)
    const expected = [
      'golden-set/mine/set.json feed: ',
      'golden-set/mine/set.json articles.listening: must be a SHA-256',
      'golden-set/mine/set.json Unrecognized key: "arms"',
      'golden-set/mine/cases.jsonl:1 is not JSON: ',
      'golden-set/mine/cases.jsonl:3 ls-002: line 2 has this id already: give each case its own',
      'golden-set/mine/cases.jsonl:3 ls-002: tags: ',
      'golden-set/mine/cases.jsonl:4 ls-001: kind: Invalid option: expected one of "fact"',
      'golden-set/mine/cases.jsonl:4 ls-001: Unrecognized key: "extra"',
      'golden-set/mine/labelled-citations.jsonl:1 supports: Invalid input: expected boolean',
    ]
    expect(told).toEqual(expected.map((start) => expect.stringContaining(start) as string))
  })

  it('knows the articles of its cases, and the cases and articles of its labels', async () => {
    await write('set.json', JSON.stringify({ feed: 'A feed', articles: {} }))
    await write('labelled-citations.jsonl', `\n${toLines({ ...LABEL, caseId: 'ls-009' })}`)
    const { errors } = await faultOf(loadSet('mine', { folder }))
    const stranger =
      'listening is not in set.json: correct it, or write set.json anew from its feed'
    expect(errors).toEqual([
      { path: 'golden-set/mine/cases.jsonl:1', message: `ls-001: ${stranger}` },
      { path: 'golden-set/mine/labelled-citations.jsonl:2', message: stranger },
      {
        path: 'golden-set/mine/labelled-citations.jsonl:2',
        message: 'ls-009 is no case of cases.jsonl: correct caseId, or take the line out',
      },
    ])
  })

  it.each(['2026-04-31T09:00:00Z', '2026-04-10', 'yesterday'])(
    'refuses %s as the time that counts as now',
    async (as_of) => {
      await write('cases.jsonl', toLines({ ...ANSWERABLE, as_of }))
      const { errors } = await faultOf(loadSet('mine', { folder }))
      expect(errors).toEqual([
        {
          path: 'golden-set/mine/cases.jsonl:1',
          message: expect.stringContaining('as_of: Invalid ISO datetime') as string,
        },
      ])
    },
  )

  it.each([[''], ['\n\n']])('without a case is refused', async (text) => {
    await write('cases.jsonl', text)
    const { message } = await faultOf(loadSet('mine', { folder }))
    expect(message).toContain(
      'has a fault, the first in golden-set/mine/cases.jsonl: holds no case',
    )
  })
})

describe('a baseline', () => {
  it('is none where the set was never blessed', async () => {
    expect(await loadBaseline('mine', { folder })).toBeNull()
  })

  it('is saved whole, and nothing is left beside it', async () => {
    await saveBaseline('mine', JSON.stringify({ ...BASELINE, set: 'before' }), { folder })
    await saveBaseline('mine', JSON.stringify(BASELINE), { folder })
    expect(await loadBaseline('mine', { folder })).toEqual(BASELINE)
    expect(await readdir(join(folder, 'mine'))).toEqual([
      'baseline.json',
      'cases.jsonl',
      'set.json',
    ])
  })

  it('stays as it was where a new one cannot be put in its place', async () => {
    await mkdir(join(folder, 'mine', 'baseline.json'))
    await writeFile(join(folder, 'mine', 'baseline.json', 'kept'), '')
    await expect(saveBaseline('mine', '{}', { folder })).rejects.toThrow()
    expect(await readdir(join(folder, 'mine'))).toEqual([
      'baseline.json',
      'cases.jsonl',
      'set.json',
    ])
    expect(await readFile(join(folder, 'mine', 'baseline.json', 'kept'), 'utf8')).toBe('')
  })

  it('is read from a file by its absolute path', async () => {
    await write('old.json', JSON.stringify(BASELINE))
    expect(await loadBaseline(join(folder, 'mine', 'old.json'), { folder })).toEqual(BASELINE)
  })

  it('is told to be missing where a file was named', async () => {
    const path = join(folder, 'none.json')
    const { code, message } = await faultOf(loadBaseline(path, { folder }))
    expect([code, message]).toEqual(['not-found', `There is no baseline file ${path}.`])
  })

  it.each(['yours', '../mine'])('of no set is not looked for: %s', async (name) => {
    expect((await faultOf(loadBaseline(name, { folder }))).code).toBe('not-found')
    expect((await faultOf(saveBaseline(name, '{}', { folder }))).code).toBe('not-found')
  })

  it.each([
    ['{', 'is not JSON: '],
    [JSON.stringify({ ...BASELINE, set: 1 }), 'set: Invalid input: expected string'],
  ])('that cannot be read says what is wrong: %s', async (text, problem) => {
    await write('baseline.json', text)
    const { code, errors } = await faultOf(loadBaseline('mine', { folder }))
    expect(code).toBe('invalid-request')
    const path = 'golden-set/mine/baseline.json'
    expect(errors).toEqual([{ path, message: expect.stringContaining(problem) as string }])
  })
})
