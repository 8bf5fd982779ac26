import { expect, it } from 'vitest'
import { transaction } from '../../src/db/database.ts'
import { listFewChunks } from '../../src/store/few-chunks.ts'
import { countPhrases, toPhrases } from '../../src/store/phrases.ts'
import { countLexemes, insertPostings } from '../../src/store/postings.ts'
import { loadStoredChunks } from '../../src/store/reembed-article.ts'
import { searchKeywords, type ArmHit } from '../../src/store/search-keywords.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

/** How a question's words find the texts that have them: as written, in quotes, rare and common ones. */
export function describeTerms(library: LibraryUnderTest): void {
  describeIdentifiers(library)
  describePhrases(library)
  describeRareAndCommon(library)
  describeCounts(library)
}

function describeIdentifiers(library: LibraryUnderTest): void {
  const decoys = [
    'Version 18.2 and version 18.3 differ from 1.2.4 and 1.2.5, in the year 942.',
    'A KEM and an ML model, a foo and a bar, pg with notify, skip this and a locked door.',
    'The class of a page, ORA and error, an event of a user, and async work that may await.',
  ]
  it.each([
    ['fillfactor', 'Set fillfactor=70 for it.'],
    ['SKIP LOCKED', 'Take the row with `FOR UPDATE SKIP LOCKED`.'],
    ['ML-KEM', 'It agrees by ML-KEM, then.'],
    ['ORA-00942', 'It fails with ORA-00942: no such table.'],
    ['SQLSTATE 40P01', 'A deadlock is error 40P01.'],
    ['18.1', 'It came with 18.1.'],
    ['v1.2.3', 'Since v1.2.3, it does.'],
    ['foo_bar', 'Call foo_bar(x) for it.'],
    ['a.b.c', 'The key a.b.c is read.'],
    ['pg_class', 'Look into pg_catalog.pg_class for it.'],
    ['user_events.user_id', 'Join on user_events.user_id then.'],
    ['await', 'With async/await it is short.'],
    ['HTTP/2', 'It speaks HTTP/2 only.'],
    ['CVE-2024-1234', 'That is CVE-2024-1234, mended.'],
    ['std::vector', 'Give it a std::vector then.'],
    ['--no-verify', 'Commit with --no-verify at night.'],
    ['__init__', 'Write __init__ first.'],
  ])('finds %s where it is written', async (identifier, sentence) => {
    const feedId = await library.addFeed()
    const publish = (guid: string, title: string, text: string) =>
      library.publish(feedId, { guid, title, chunks: [{ sentences: [text] }] })
    for (const [at, decoy] of decoys.entries()) await publish(`${at}`, 'Decoy', decoy)
    await publish('it', 'It', sentence)
    expect((await library.byKeyword(`What about ${identifier}?`))[0]).toBe('It')
  })
}

function describePhrases(library: LibraryUnderTest): void {
  const publishSome = async () => {
    const feedId = await library.addFeed()
    const texts = {
      // More of both words than the phrase's own chunk, and never side by side.
      Words: 'Skip it, skip that, and skip a row: locked here, locked there, all is locked.',
      Phrase:
        'A worker that meets a row in use goes on to the next by skip  locked, and waits for none.',
      Longer: 'The skip lockedness of it.',
      Other: 'Nothing of the kind.',
    }
    for (const [title, text] of Object.entries(texts))
      await library.publish(feedId, { title, chunks: [{ sentences: [text] }] })
  }

  it('puts what has a quoted phrase before what has its words', async () => {
    await publishSome()
    expect((await library.byKeyword('skip locked'))[0]).toBe('Words')
    for (const question of ['"SKIP LOCKED"', 'What is “skip locked”?', 'And „Skip Locked“?'])
      expect((await library.byKeyword(question))[0]).toBe('Phrase')
    const parts = [{ text: 'a "skip locked"', weight: 1 }]
    const [best, next] = await searchKeywords(library.pool, parts, { filters: {}, limit: 2 })
    expect(best?.score).toBeGreaterThan(next?.score ?? Infinity)
  })

  it('asks for no phrase that an earlier turn quoted', async () => {
    await publishSome()
    const parts = [
      { text: 'skip locked', weight: 1 },
      { text: 'It is "skip locked".', weight: 0.5 },
    ]
    const [best] = await searchKeywords(library.pool, parts, { filters: {}, limit: 1 })
    const [words] = await searchKeywords(library.pool, parts.slice(0, 1), { filters: {}, limit: 1 })
    expect(best?.chunkId).toBe(words?.chunkId)
  })

  it('finds a phrase in titles and headings, too, and never half a word', async () => {
    const feedId = await library.addFeed()
    const published = await library.publish(feedId, {
      title: 'Row locks',
      chunks: [{ headingPath: ['For Update'], sentences: ['They are held.'] }],
    })
    const ids = (await loadStoredChunks(library.pool, published.articleId)).map(({ id }) => id)
    const count = async (text: string) =>
      (await countPhrases(library.pool, ids, toPhrases(text))).get(ids[0] ?? '') ?? 0
    expect(await count('"row locks" and "for update"')).toBe(2)
    expect(await count('"row lock"')).toBe(0)
    expect(await count('"R.w locks"')).toBe(0)
  })

  it('takes quotes as they come', async () => {
    await publishSome()
    expect(toPhrases('an "open one')).toEqual([])
    expect(toPhrases('"" " " "?!" ""')).toEqual([])
    expect(toPhrases('"a" "b" "c" "d" "e"')).toHaveLength(4)
    expect(toPhrases(`"${'long '.repeat(60)}"`)).toEqual([])
    const signs = '"skip .*+?^${}()|[]\\\'-:!&<> locked"'
    for (const question of ['"'.repeat(10_000), '“„'.repeat(5_000), '"skip locked', signs])
      expect(Array.isArray(await library.byKeyword(`skip ${question}`))).toBe(true)
  })
}

function describeRareAndCommon(library: LibraryUnderTest): void {
  const VOCABULARY = ['queue', 'worker', 'lock', 'row', 'index', 'planner', 'vacuum', 'pg_notify']

  /** Words drawn so that the first are common, and all of it is the same each time. */
  async function publishMany(): Promise<void> {
    const feedId = await library.addFeed()
    let seed = 7
    const draw = (below: number) => (seed = (seed * 16_807) % 2_147_483_647) % below
    const word = () => VOCABULARY[Math.min(draw(VOCABULARY.length), draw(VOCABULARY.length))]
    for (let article = 0; article < 12; article += 1) {
      const chunks = Array.from({ length: 5 }, () => ({
        sentences: [`${Array.from({ length: 3 + draw(20) }, word).join(' ')}.`],
      }))
      await library.publish(feedId, { guid: `${article}`, title: `Title ${article}`, chunks })
    }
  }

  const parts = [
    { text: 'Does a worker lock the row in its queue, or does pg_notify?', weight: 1 },
    { text: 'planner and vacuum', weight: 0.5 },
  ]

  it.each([
    ['all terms are read', {}],
    ['rare terms are read and common ones looked up', { maxPostings: 60 }],
    ['every term is common', { maxPostings: 0 }],
  ])('scores as BM25 does where %s', async (_name, options) => {
    await publishMany()
    const hits = await searchKeywords(library.pool, parts, { filters: {}, limit: 40, ...options })
    expect(hits).toHaveLength(40)
    const expected = await bruteForce(library)
    expect(hits.map(toLine)).toEqual(expected.slice(0, 40).map(toLine))
  })

  it('scores the few chunks of an article or a filter as it scores them among all', async () => {
    await publishMany()
    const all = await bruteForce(library)
    const { articleId } = all[20] ?? { articleId: '' }
    const own = all.filter((hit) => hit.articleId === articleId)
    for (const maxPostings of [60, 20_000]) {
      const options = { filters: {}, articleId, limit: 40, maxPostings }
      expect((await searchKeywords(library.pool, parts, options)).map(toLine)).toEqual(
        own.map(toLine),
      )
      const none = { filters: { author: ['Nobody'] }, limit: 40, maxPostings }
      expect(await searchKeywords(library.pool, parts, none)).toEqual([])
      const every = { filters: { asOf: new Date() }, limit: 40, maxPostings }
      expect((await searchKeywords(library.pool, parts, every)).map(toLine)).toEqual(
        all.slice(0, 40).map(toLine),
      )
    }
  })

  it('knows which chunks a filter leaves, where they are few', async () => {
    await publishMany()
    expect(await listFewChunks(library.pool, {})).toBeNull()
    expect(await listFewChunks(library.pool, { asOf: new Date() })).toHaveLength(60)
    expect(await listFewChunks(library.pool, { author: ['Nobody'] })).toEqual([])
    const [hit] = await bruteForce(library)
    expect(await listFewChunks(library.pool, {}, hit?.articleId)).toHaveLength(5)
  })

  const toLine = ({ chunkId, score }: Pick<ArmHit, 'chunkId' | 'score'>) =>
    `${chunkId} ${score.toFixed(9)}`

  /** The formula over whole texts, as it is written in the books, without postings or counts. */
  async function bruteForce({ pool }: LibraryUnderTest): Promise<readonly ArmHit[]> {
    const { rows } = await pool.query<{
      id: string
      articleId: string
      stems: string[]
      exact: string[]
    }>(
      `select chunk.id::text, chunk.article_id as "articleId",
         array(select lexeme from lexemes_of(whole), generate_series(1, frequency)
           where form = 'stem') as stems,
         array(select lexeme from lexemes_of(whole), generate_series(1, frequency)
           where form = 'exact') as exact
       from chunk join article on article.id = chunk.article_id
       cross join lateral concat_ws(' ', article.title, chunk.text) as whole`,
    )
    const asked = [
      ...['worker', 'lock', 'row', 'queue', 'pg', 'notifi'].map(
        (lexeme) => ['stems', lexeme, 1] as const,
      ),
      ...['planner', 'vacuum'].map((lexeme) => ['stems', lexeme, 0.5] as const),
      ...['pg', 'notify', 'pg_notify'].map((lexeme) => ['exact', lexeme, 1] as const),
    ]
    const average = rows.reduce((sum, { stems }) => sum + stems.length, 0) / rows.length
    return rows
      .map((row) => ({
        chunkId: row.id,
        articleId: row.articleId,
        score: asked.reduce((sum, [form, lexeme, weight]) => {
          const having = rows.filter((other) => other[form].includes(lexeme)).length
          const idf = Math.log(1 + (rows.length - having + 0.5) / (having + 0.5))
          const frequency = row[form].filter((one) => one === lexeme).length
          const norm = 1.2 * (0.25 + (0.75 * row.stems.length) / average)
          return sum + (weight * idf * frequency * 2.2) / (frequency + norm)
        }, 0),
      }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || Number(a.chunkId) - Number(b.chunkId))
  }
}

function describeCounts(library: LibraryUnderTest): void {
  it('counts in how many chunks a lexeme stands, as articles come, change and go', async () => {
    const feedId = await library.addFeed()
    const chunks = [{ sentences: ['Cats purr.'] }, { sentences: ['Cats sleep, cats eat.'] }]
    await library.publish(feedId, { guid: 'a', title: 'A', chunks })
    expect(await counted('cat', 'purr')).toEqual({ cat: 2, purr: 1 })
    await library.publish(feedId, { guid: 'a', title: 'A', chunks: chunks.slice(1) })
    expect(await counted('cat', 'purr')).toEqual({ cat: 1 })
  })

  it('fills and counts what an article has, and takes the counts away', async () => {
    const feedId = await library.addFeed()
    const { articleId } = await library.publish(feedId, { chunks: [{ sentences: ['Cats purr.'] }] })
    await transaction(library, async (client) => {
      await countLexemes(client, [articleId], -1)
      await client.query('delete from posting')
      await insertPostings(client, articleId, 'Untitled')
      await countLexemes(client, [articleId], 1)
    })
    expect(await counted('cat', 'purr')).toEqual({ cat: 1, purr: 1 })
  })

  async function counted(...lexemes: readonly string[]): Promise<Record<string, number>> {
    const { rows } = await library.pool.query<{ lexeme: string; chunks: number }>(
      `select lexeme.lexeme, lexeme.chunks::integer from lexeme
       where lexeme.form = 'stem' and lexeme.lexeme = any($1::text[]) order by lexeme.lexeme`,
      [lexemes],
    )
    return Object.fromEntries(rows.map(({ lexeme, chunks }) => [lexeme, chunks]))
  }
}
