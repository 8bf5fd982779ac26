import { z } from 'zod'
import { evaluationRequest } from '../../eval/evaluation-request.ts'
import { calibrationRequest, calibrationSchema } from './calibration-schemas.ts'
import * as completions from './completion-schemas.ts'
import { describeCall, type Call } from './describe-call.ts'
import * as evaluations from './evaluation-schemas.ts'
import * as schemas from './schemas.ts'

/** What a stream holds, in this order; its last event is the answer or a problem. */
const EVENTS =
  'sources-available {"sources"}, answer-queued {"position"} as it changes, answer-delta {"text"}, ' +
  'then answer-end with the answer, which is what counts, or answer-error with a problem.'

const CALIBRATION_EVENTS =
  'calibration-progress {"done", "total"} of the questions asked, then calibration-end with what was ' +
  'fitted, or calibration-error with a problem.'

const COMPLETION_EVENTS =
  'Chunks of a chat.completion.chunk: the role at once, the sentences of the checked answer, then ' +
  '"annotations" and "footnote" with the reason to stop, where asked for the usage, and [DONE]; or an ' +
  'error, which ends it.'

type Method = 'get' | 'post' | 'patch' | 'delete'

const CALLS: Readonly<Record<string, Partial<Record<Method, Call>>>> = {
  '/v1/chat': {
    post: {
      summary: 'Answers a question; with stream: true as server-sent events.',
      body: schemas.chatRequest,
      answers: { 200: schemas.answerSchema },
      events: EVENTS,
    },
  },
  '/v1/chat/completions': {
    post: {
      summary: 'The same answer for clients of OpenAI’s; with stream: true as server-sent events.',
      body: completions.completionRequest,
      answers: { 200: completions.completionSchema },
      events: COMPLETION_EVENTS,
      error: 'CompletionError',
    },
  },
  '/v1/models': {
    get: {
      summary: 'The one model that answers chat completions, whichever they name.',
      answers: { 200: completions.modelsSchema },
      error: 'CompletionError',
    },
  },
  '/v1/search': {
    get: {
      summary: 'Finds passages.',
      query: schemas.searchQuery,
      answers: { 200: schemas.searchSchema },
    },
  },
  '/v1/answers/{id}': {
    get: {
      summary: 'An answer as it was given, with its trace.',
      answers: { 200: schemas.keptAnswerSchema },
    },
  },
  '/v1/answers/{id}/feedback': {
    post: {
      summary: 'What a reader says of an answer; a thumb down or a correction has it reviewed.',
      body: schemas.feedbackRequest,
      answers: { 204: null },
    },
  },
  '/v1/articles': {
    get: {
      summary: 'The library, newest first.',
      query: schemas.articlesQuery,
      answers: { 200: schemas.pageOf(schemas.articleSchema) },
    },
  },
  '/v1/articles/{id}': {
    get: { summary: 'An article.', answers: { 200: schemas.articleSchema } },
  },
  '/v1/articles/{id}/revisions/{n}': {
    get: {
      summary: 'The text that citations point into.',
      answers: { 200: schemas.revisionSchema },
    },
  },
  '/v1/feeds': {
    get: { summary: 'The feeds.', answers: { 200: schemas.pageOf(schemas.feedSchema) } },
    post: {
      summary: 'Adds a feed and fetches it; one that is there already is answered with 200.',
      body: schemas.addFeedRequest,
      answers: { 201: schemas.feedSchema, 200: schemas.feedSchema },
    },
  },
  '/v1/feeds/{id}': {
    patch: {
      summary: 'Renames, pauses or reschedules a feed.',
      body: schemas.changeFeedRequest,
      answers: { 200: schemas.feedSchema },
    },
    delete: { summary: 'Deletes a feed with its articles.', answers: { 204: null } },
  },
  '/v1/feeds/{id}/refresh': {
    post: { summary: 'Fetches a feed now.', answers: { 202: schemas.jobSchema } },
  },
  '/v1/jobs/{id}': {
    get: { summary: 'How far a refresh is.', answers: { 200: schemas.jobSchema } },
  },
  '/v1/reviews': {
    get: {
      summary: 'Answers to review, the most pressing first.',
      query: schemas.reviewsQuery,
      answers: { 200: schemas.pageOf(schemas.reviewSchema) },
    },
    post: {
      summary: 'Has an answer reviewed; where its question is under review it joins, with 200.',
      body: schemas.askForReviewRequest,
      answers: { 201: schemas.reviewSchema, 200: schemas.reviewSchema },
    },
  },
  '/v1/reviews/cases': {
    get: {
      summary: 'The golden cases that reviewers made, the oldest first.',
      query: schemas.keptCasesQuery,
      answers: { 200: schemas.pageOf(schemas.keptCaseSchema) },
    },
  },
  '/v1/reviews/{id}': {
    get: { summary: 'A review.', answers: { 200: schemas.reviewSchema } },
    post: {
      summary: 'Settles a review: corrects, dismisses or makes a golden case of it.',
      body: schemas.settleReviewRequest,
      answers: { 200: schemas.reviewSchema },
    },
  },
  '/v1/evaluations': {
    get: {
      summary: 'The runs, newest first.',
      query: evaluations.evaluationsQuery,
      answers: { 200: schemas.pageOf(evaluations.evaluationSchema) },
    },
    post: {
      summary: 'Runs a golden set; with dryRun: true only checks it.',
      body: evaluationRequest,
      answers: { 202: evaluations.startedEvaluationSchema, 200: evaluations.dryRunSchema },
    },
  },
  '/v1/evaluations/{id}': {
    get: {
      summary: 'A run with its figures; as text/html its report.',
      answers: { 200: evaluations.evaluationSchema },
    },
    delete: { summary: 'Stops a run; its rows stay.', answers: { 204: null } },
  },
  '/v1/evaluations/{id}/rows': {
    get: {
      summary: 'What each case came to, with the id of its answer.',
      query: evaluations.rowsQuery,
      answers: { 200: schemas.pageOf(evaluations.evaluationRowSchema) },
    },
  },
  '/v1/evaluations/{id}/report': {
    get: {
      summary: 'The whole report with every row: as JSON, text/html or text/plain.',
      query: evaluations.reportQuery,
      answers: { 200: z.looseObject({ run: z.looseObject({}), rows: z.array(z.looseObject({})) }) },
    },
  },
  '/v1/evaluations/{id}/comparison': {
    get: {
      summary: 'A run held against another of its set.',
      query: evaluations.comparisonQuery,
      answers: { 200: evaluations.comparisonSchema },
    },
  },
  '/v1/evaluations/{id}/bless': {
    post: {
      summary: 'Makes a run the baseline of its set; on the machine itself alone.',
      body: evaluations.blessRequest,
      answers: { 200: evaluations.blessedSchema },
    },
  },
  '/v1/calibrations': {
    post: {
      summary:
        'Fits a weight or a threshold on the tuning cases and writes it, for the next start; on the machine itself alone.',
      body: calibrationRequest,
      answers: { 200: calibrationSchema },
      events: CALIBRATION_EVENTS,
    },
  },
  '/healthz': { get: { summary: 'Alive.', answers: { 200: schemas.healthSchema } } },
  '/readyz': {
    get: {
      summary: 'Ready, part by part.',
      answers: { 200: schemas.healthSchema, 503: schemas.healthSchema },
    },
  },
  '/metrics': {
    get: { summary: 'Figures for Prometheus.', answers: { 200: z.string() }, type: 'text/plain' },
  },
  '/docs': {
    get: {
      summary: 'This contract to read and try.',
      answers: { 200: z.string() },
      type: 'text/html',
    },
  },
  '/openapi.json': { get: { summary: 'This contract.', answers: { 200: z.looseObject({}) } } },
}

type OpenApiDocument = {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>
} & Readonly<Record<string, unknown>>

let document: OpenApiDocument | undefined

/** OpenAPI 3.1, whose schemas are JSON Schema as zod writes it. */
export function openApi(): OpenApiDocument {
  return (document ??= {
    openapi: '3.1.0',
    info: {
      title: 'Footnote',
      version: '0.1.0',
      description:
        'Answers questions over feeds; every statement carries the sentence that supports it.',
    },
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Problem: z.toJSONSchema(schemas.problemSchema, { io: 'input' }),
        CompletionError: z.toJSONSchema(completions.completionErrorSchema, { io: 'input' }),
      },
    },
    security: [{}, { key: [] }],
    paths: Object.fromEntries(
      Object.entries(CALLS).map(([path, methods]) => [
        path,
        Object.fromEntries(
          Object.entries(methods).map(([method, call]) => [method, describeCall(path, call)]),
        ),
      ]),
    ),
  })
}
