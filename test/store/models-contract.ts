import { expect, it } from 'vitest'
import { transaction } from '../../src/db/database.ts'
import type { Vector } from '../../src/domain.ts'
import { listArticlesOfOtherModels } from '../../src/store/articles.ts'
import { loadStoredChunks, replaceVectors } from '../../src/store/reembed-article.ts'
import { hasOtherModels, searchVectors } from '../../src/store/search-vectors.ts'
import { sentenceSimilarities } from '../../src/store/sentences.ts'
import { MODEL } from './article-sketch.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

const NEXT_MODEL = 'next-model'
/** Of another length than the first model's: two that met would be an error of the database. */
const NEXT_VECTOR: Vector = [0.6, 0.8]

export function describeModels(library: LibraryUnderTest): void {
  it('are told apart from the first article on', async () => {
    expect(await hasOtherModels(library.pool, MODEL)).toBe(false)
    const feedId = await library.addFeed()
    await library.publish(feedId, { guid: 'a' })
    expect(await hasOtherModels(library.pool, MODEL)).toBe(false)
    // Names before and behind this one: the index is asked for both sides.
    expect(await hasOtherModels(library.pool, 'a-model')).toBe(true)
    expect(await hasOtherModels(library.pool, 'z-model')).toBe(true)
  })

  it('never meet: each search sees its own, and an article is switched at once', async () => {
    const feedId = await library.addFeed()
    const chunks = [{ sentences: ['Whales sing.', 'They dive.'] }, { sentences: ['Seals bark.'] }]
    const one = await library.publish(feedId, { guid: 'a', title: 'A', chunks })
    const two = await library.publish(feedId, { guid: 'b', title: 'B', chunks })
    expect((await listArticlesOfOtherModels(library.pool, NEXT_MODEL)).toSorted()).toEqual(
      [one.articleId, two.articleId].sort(),
    )
    await embedAgain(library, one.articleId)
    expect(await listArticlesOfOtherModels(library.pool, NEXT_MODEL)).toEqual([two.articleId])
    expect(await hasOtherModels(library.pool, NEXT_MODEL)).toBe(true)
    expect(await library.byVector()).toEqual(['B', 'B'])
    expect(await searchNext(library)).toEqual([one.articleId, one.articleId])
    expect(await library.byKeyword('whales')).toHaveLength(2)
    await embedAgain(library, two.articleId)
    expect(await hasOtherModels(library.pool, NEXT_MODEL)).toBe(false)
    expect(await library.byVector()).toEqual([])
    const ids = await sentenceIds(library, one.articleId)
    const [similarities] = await sentenceSimilarities(library.pool, [NEXT_VECTOR], {
      sentenceIds: ids,
      model: NEXT_MODEL,
    })
    expect(similarities?.size).toBe(3)
  })

  it('do not mix in an article that was published anew while it was embedded', async () => {
    const feedId = await library.addFeed()
    const sketch = { guid: 'a', title: 'A', chunks: [{ sentences: ['Whales sing.'] }] }
    const { articleId } = await library.publish(feedId, sketch)
    await embedAgain(library, articleId, () =>
      library.publish(feedId, { ...sketch, chunks: [{ sentences: ['Seals bark.'] }] }),
    )
    expect(await listArticlesOfOtherModels(library.pool, NEXT_MODEL)).toEqual([articleId])
    expect(await library.byVector()).toEqual(['A'])
    expect(await searchNext(library)).toEqual([])
  })

  it('embed an article again from what is stored of it', async () => {
    const feedId = await library.addFeed()
    const { articleId } = await library.publish(feedId, {
      title: 'Sea',
      chunks: [
        { headingPath: ['Whales', 'Song'], sentences: ['Whales sing.', 'They dive.'] },
        { sentences: ['Seals bark.'] },
      ],
    })
    expect(await loadStoredChunks(library.pool, articleId)).toMatchObject([
      {
        title: 'Sea',
        headingPath: ['Whales', 'Song'],
        text: 'Whales sing. They dive.',
        sentences: [{ text: 'Whales sing.' }, { text: 'They dive.' }],
      },
      { title: 'Sea', headingPath: [], text: 'Seals bark.', sentences: [{ text: 'Seals bark.' }] },
    ])
    expect(await loadStoredChunks(library.pool, 'art_none')).toEqual([])
  })
}

/** As the job does it: the vectors are made outside the transaction, where much may happen meanwhile. */
async function embedAgain(
  library: LibraryUnderTest,
  articleId: string,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const chunks = await loadStoredChunks(library.pool, articleId)
  const toVector = ({ id }: { readonly id: string }) => ({ id, vector: NEXT_VECTOR })
  const vectors = {
    chunks: chunks.map(toVector),
    sentences: chunks.flatMap(({ sentences }) => sentences.map(toVector)),
  }
  await meanwhile()
  await transaction(library, (client) => replaceVectors(client, vectors, NEXT_MODEL))
}

async function searchNext(library: LibraryUnderTest): Promise<readonly string[]> {
  const options = { filters: {}, limit: 10, model: NEXT_MODEL }
  const hits = await searchVectors(library.pool, NEXT_VECTOR, options)
  return hits.map(({ articleId }) => articleId)
}

async function sentenceIds(
  library: LibraryUnderTest,
  articleId: string,
): Promise<readonly string[]> {
  const chunks = await loadStoredChunks(library.pool, articleId)
  return chunks.flatMap(({ sentences }) => sentences.map(({ id }) => id))
}
