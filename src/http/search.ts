import { Router } from 'express'
import { presentPassage } from '../answering/present-answer.ts'
import type { SearchResult } from '../retrieval/search.ts'
import { packPassages, toPassage } from '../retrieval/passages.ts'
import type { Passage } from '../domain.ts'
import { requestSignal, queryOf, type HttpContext } from './context.ts'
import { parseRequest, toFilters } from './parse-request.ts'
import { searchQuery } from './schemas.ts'

const DEFAULT_RESULTS = 10
const MAX_RESULTS = 50

export function searchRoutes(context: HttpContext): Router {
  const router = Router()
  router.get('/v1/search', async (request, response) => {
    const { q, k, tokens, ...filters } = parseRequest(searchQuery, queryOf(request))
    const { search, countTokens } = context.services()
    const found = await search({
      question: q,
      filters: toFilters(filters),
      limit: tokens === undefined ? (k ?? DEFAULT_RESULTS) : MAX_RESULTS,
      signal: requestSignal(response, context),
    })
    const passages =
      tokens === undefined
        ? toWholeChunks(found)
        : packPassages(found.chunks, {
            question: q,
            maxTokens: tokens,
            maxPassages: MAX_RESULTS,
            countTokens,
          })
    response.json({
      question: q,
      passages: passages.map(presentPassage),
      reason: passages.length === 0 ? 'no-evidence' : null,
      degraded: found.degraded,
    })
  })
  return router
}

function toWholeChunks({ chunks }: SearchResult): readonly Passage[] {
  return chunks.map((chunk) => toPassage(chunk, chunk.sentences))
}
