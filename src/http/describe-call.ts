import { z } from 'zod'

export interface Call {
  readonly summary: string
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** Status → schema, or null where the answer has no body. */
  readonly answers: Readonly<Record<number, z.ZodType | null>>
  /** Described where the answer may also come as server-sent events. */
  readonly events?: string
  /** JSON where it is not said. */
  readonly type?: string
  /** A problem where it is not said. */
  readonly error?: 'CompletionError'
}

const JSON_TYPE = 'application/json'

const ERRORS = {
  Problem: { description: 'A problem (RFC 9457).', type: 'application/problem+json' },
  CompletionError: { description: 'An error as OpenAI’s clients read it.', type: JSON_TYPE },
}

export function describeCall(path: string, call: Call): object {
  const { summary, query, body } = call
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  return {
    summary,
    parameters: [...inPath, ...(query === undefined ? [] : describeQuery(query))],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { [JSON_TYPE]: toContent(body, 'input') } } }),
    responses: { ...describeAnswers(call), default: describeError(call.error ?? 'Problem') },
  }
}

function describeAnswers({ summary, answers, events, type = JSON_TYPE }: Call): object {
  const described = Object.entries(answers).map(([status, schema]) => {
    const content = schema && { [type]: toContent(schema, 'output'), ...describeEvents(events) }
    return [status, { description: summary, ...(content === null ? {} : { content }) }]
  })
  return Object.fromEntries(described) as object
}

function describeError(name: keyof typeof ERRORS): object {
  const { description, type } = ERRORS[name]
  const schema = { $ref: `#/components/schemas/${name}` }
  return { description, content: { [type]: { schema } } }
}

function describeEvents(events: string | undefined): object {
  if (events === undefined) return {}
  return { 'text/event-stream': { schema: { type: 'string', description: events } } }
}

function toContent(schema: z.ZodType, io: 'input' | 'output'): object {
  const described = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    // An answer may have more fields one day, and who reads the contract must not refuse them.
    override: ({ jsonSchema }) => {
      if (io === 'output') delete jsonSchema.additionalProperties
    },
  })
  return { schema: described }
}

function describeQuery(query: z.ZodType): readonly object[] {
  const { properties = {}, required = [] } = z.toJSONSchema(query, {
    io: 'input',
    unrepresentable: 'any',
  })
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}
