import { transaction, type Database, type Queryable } from '../../src/db/database.ts'
import type { Filters, Vector } from '../../src/domain.ts'
import { listArticles } from '../../src/store/articles.ts'
import { findFeedByUrl, insertFeed } from '../../src/store/feeds.ts'
import { publishArticle, type Published } from '../../src/store/publish-article.ts'
import { searchKeywords, type ArmHit } from '../../src/store/search-keywords.ts'
import { searchVectors } from '../../src/store/search-vectors.ts'
import { axis, MODEL, sketchArticle, type ArticleSketch } from './article-sketch.ts'

/** The database of a suite with the few steps that most of its tests begin with. */
export interface LibraryUnderTest extends Pick<Database, 'pool' | 'engine'> {
  addFeed(url?: string): Promise<string>
  publish(feedId: string, sketch: ArticleSketch): Promise<Published>
  /** Titles, as each arm ranks their chunks. */
  byKeyword(question: string, filters?: Filters): Promise<readonly string[]>
  byVector(vector?: Vector, filters?: Filters): Promise<readonly string[]>
}

export function libraryUnderTest(
  database: () => Pick<Database, 'pool' | 'engine'>,
): LibraryUnderTest {
  return {
    get pool() {
      return database().pool
    },
    get engine() {
      return database().engine
    },
    async addFeed(url = 'https://one.example/feed') {
      await insertFeed(this.pool, { url, refreshMinutes: 60 })
      const feed = await findFeedByUrl(this.pool, url)
      if (feed === undefined) throw new Error(`The feed ${url} is not there.`)
      return feed.id
    },
    publish(feedId, sketch) {
      return transaction(this, (client) => publishArticle(client, sketchArticle(feedId, sketch)))
    },
    async byKeyword(question, filters = {}) {
      const parts = [{ text: question, weight: 1 }]
      return search(this, (client) => searchKeywords(client, parts, { filters, limit: 20 }))
    },
    async byVector(vector = axis(0), filters = {}) {
      const options = { filters, limit: 20, model: MODEL }
      return search(this, (client) => searchVectors(client, vector, options))
    },
  }
}

/** From one snapshot, as the service searches: an arm asks the database more than once. */
function search(
  library: Pick<Database, 'pool'>,
  arm: (client: Queryable) => Promise<readonly ArmHit[]>,
): Promise<readonly string[]> {
  return transaction(library, async (client) => titlesOf(client, await arm(client)), {
    isReadOnly: true,
  })
}

async function titlesOf(
  db: Queryable,
  hits: readonly { readonly articleId: string }[],
): Promise<readonly string[]> {
  const articles = await listArticles(db, {}, { after: null, limit: 1000 })
  const titles = new Map(articles.map(({ id, title }) => [id, title]))
  return hits.map(({ articleId }) => titles.get(articleId) ?? articleId)
}

/** With statements that the service's own role may use: it may not truncate. */
export async function emptyLibrary(db: Queryable): Promise<void> {
  await db.query('delete from feed')
  await db.query('delete from lexeme')
  await db.query('delete from evaluation')
  await db.query('delete from kept_case')
  await db.query('delete from review')
  await db.query('delete from answer')
  await db.query('delete from pgboss.job')
  await db.query('update corpus set revision = 0, chunks = 0, lexemes = 0')
}
