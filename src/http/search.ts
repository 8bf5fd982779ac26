import { Router } from 'express'
import { presentPassage } from '../answering/present-answer.ts'
import type { Passage } from '../domain.ts'
import { AppError } from '../errors.ts'
import { explainArticle, toPacking, type Explanation, type Packing } from '../retrieval/explain.ts'
import { packPassages, toPassage } from '../retrieval/passages.ts'
import { rankSentences } from '../retrieval/rank-sentences.ts'
import type { SearchResult } from '../retrieval/search.ts'
import { requestSignal, queryOf, type HttpContext } from './context.ts'
import { parseRequest, toFilters } from './parse-request.ts'
import { searchQuery } from './schemas.ts'

const DEFAULT_RESULTS = 10
const MAX_RESULTS = 50

export function searchRoutes(context: HttpContext): Router {
  const router = Router()
  router.get('/v1/search', async (request, response) => {
    const { q, k, tokens, explain, ...filters } = parseRequest(searchQuery, queryOf(request))
    const { search, countTokens } = context.services()
    const found = await search({
      question: q,
      filters: toFilters(filters),
      limit: tokens === undefined ? (k ?? DEFAULT_RESULTS) : MAX_RESULTS,
      ...(explain === undefined ? {} : { explain }),
      signal: requestSignal(response, context),
    })
    const budget = tokens === undefined ? null : { question: q, maxTokens: tokens, countTokens }
    const passages = toPassages(found, budget)
    response.json({
      question: q,
      passages: passages.map(presentPassage),
      reason: passages.length === 0 ? (found.reason ?? 'over-budget') : null,
      degraded: found.degraded,
      time: found.time,
      ...(explain === undefined ? {} : { explain: toExplanation(found, { passages, budget }) }),
    })
  })
  return router
}

interface Budget {
  readonly question: string
  readonly maxTokens: number
  readonly countTokens: (text: string) => number
}

/** Whole chunks, or as the model would read them where there is a budget. */
function toPassages({ chunks }: SearchResult, budget: Budget | null): readonly Passage[] {
  return budget === null
    ? chunks.map((chunk) => toPassage(chunk, chunk.sentences))
    : packPassages(chunks, { ...budget, maxPassages: MAX_RESULTS })
}

interface Shown {
  readonly passages: readonly Passage[]
  readonly budget: Budget | null
}

function toExplanation(
  { standing, candidates, chunks }: SearchResult,
  { passages, budget }: Shown,
): Explanation {
  if (standing == null) throw new AppError('not-found', 'There is no article with this id.')
  const packing = budget === null ? null : explainPacking(standing.article.id, chunks, budget)
  return explainArticle({ standing, candidates, read: chunks.length, passages, packing })
}

/** Without a budget nothing needs counting, which makes the second packing cheap. */
function explainPacking(
  articleId: string,
  chunks: SearchResult['chunks'],
  { question, ...budget }: Budget,
): Packing {
  const unlimited = packPassages(chunks, {
    question,
    maxTokens: Number.POSITIVE_INFINITY,
    maxPassages: Number.POSITIVE_INFINITY,
    countTokens: () => 0,
  })
  return toPacking(rankSentences(chunks, question), { articleId, unlimited, ...budget })
}
