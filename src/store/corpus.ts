import type { Queryable } from '../db/database.ts'

export interface Corpus {
  /** Grows with every change of the library. */
  readonly revision: number
  readonly chunks: number
}

export async function loadCorpus(db: Queryable): Promise<Corpus> {
  const { rows } = await db.query<{ revision: string; chunks: string }>(
    'select corpus.revision, corpus.chunks from corpus',
  )
  return { revision: Number(rows[0]?.revision ?? 0), chunks: Number(rows[0]?.chunks ?? 0) }
}

export interface CorpusProgress {
  /** Feeds that have not been read to the end once. */
  readonly untried: number
  readonly articles: number
  /** Articles of running refreshes that are not searchable yet. */
  readonly waiting: number
  /** Articles that were given up in the last refresh of their feed. */
  readonly failed: number
}

export async function loadCorpusProgress(db: Queryable): Promise<CorpusProgress> {
  const { rows } = await db.query<CorpusProgress>(
    `select
       (select count(*)::integer from feed
        where feed.status in ('ok', 'failing') and not exists (
          select 1 from refresh
          where refresh.feed_id = feed.id and refresh.ended_at is not null)) as untried,
       (select count(*)::integer from article where article.status = 'live') as articles,
       (select count(*)::integer from refresh_article
        join refresh on refresh.id = refresh_article.refresh_id
        where refresh_article.state = 'waiting' and refresh.state = 'running') as waiting,
       (select count(*)::integer from refresh_article
        join refresh on refresh.id = refresh_article.refresh_id
        where refresh_article.state = 'failed' and not exists (
          select 1 from refresh as newer
          where newer.feed_id = refresh.feed_id and newer.created_at > refresh.created_at
            and newer.ended_at is not null)) as failed`,
  )
  return rows[0] ?? { untried: 0, articles: 0, waiting: 0, failed: 0 }
}
