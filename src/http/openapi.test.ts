import type { Express } from 'express'
import { z } from 'zod'
import { expect, it } from 'vitest'
import { createLogger } from '../logger.ts'
import { Readiness } from '../readiness.ts'
import { createApp } from './app.ts'
import type { HttpContext } from './context.ts'
import { createMetrics } from './metrics.ts'
import { openApi } from './openapi.ts'

interface Layer {
  readonly route?: {
    readonly path: string
    readonly stack: readonly { readonly method: string }[]
  }
  readonly handle: { readonly stack?: readonly Layer[] }
}

/** As the contract writes them: `get /v1/answers/{id}`. */
function routesOf(layers: readonly Layer[]): readonly string[] {
  return layers.flatMap(({ route, handle }) => {
    if (route === undefined) return routesOf(handle.stack ?? [])
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    return route.stack.map(({ method }) => `${method} ${path}`)
  })
}

function openApp(): Express {
  const context: HttpContext = {
    services: () => {
      throw new Error('Nothing is asked of them here.')
    },
    readiness: new Readiness(),
    metrics: createMetrics(),
    isDoor: false,
    stopping: new AbortController().signal,
  }
  const logger = createLogger('silent')
  return createApp(context, { apiKey: undefined, allowedOrigins: [], logger })
}

it('names every route of the service, and no other', () => {
  const { stack } = openApp().router as unknown as { stack: readonly Layer[] }
  const described = Object.entries(openApi().paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
  expect(described.toSorted()).toEqual(routesOf(stack).toSorted())
})

/** What a reference leads to is looked at where it stands. */
function isSchema(given: object): boolean {
  return (
    '$ref' in given ||
    z.fromJSONSchema(given as Parameters<typeof z.fromJSONSchema>[0]) !== undefined
  )
}

// The parts of OpenAPI 3.1 that a reader of the contract goes by.
const schema = z.looseObject({}).refine(isSchema)
const content = z.record(z.string(), z.strictObject({ schema }))
const operation = z.strictObject({
  summary: z.string().min(1),
  parameters: z.array(
    z.strictObject({
      name: z.string().min(1),
      in: z.enum(['path', 'query']),
      required: z.boolean(),
      schema,
    }),
  ),
  requestBody: z.strictObject({ required: z.literal(true), content }).optional(),
  responses: z
    .record(
      z.string().regex(/^([2-5]\d\d|default)$/),
      z.strictObject({ description: z.string().min(1), content: content.optional() }),
    )
    .refine((responses) => 'default' in responses),
})
const document = z.strictObject({
  openapi: z.literal('3.1.0'),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  components: z.strictObject({
    securitySchemes: z.record(z.string(), z.strictObject({ type: z.string(), scheme: z.string() })),
    schemas: z.record(z.string(), schema),
  }),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  paths: z.record(
    z.string().startsWith('/'),
    z.partialRecord(z.enum(['get', 'post', 'patch', 'delete']), operation),
  ),
})

it('is in the form of OpenAPI 3.1, and each of its schemas is one', () => {
  expect(document.safeParse(JSON.parse(JSON.stringify(openApi()))).error).toBeUndefined()
})

it('refers to nothing that is not there', () => {
  const text = JSON.stringify(openApi())
  const names = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name,
  )
  const { schemas } = openApi()['components'] as { schemas: object }
  expect([...new Set(names)]).toEqual(Object.keys(schemas))
})

it('names each parameter of a path as the path does', () => {
  for (const [path, methods] of Object.entries(openApi().paths)) {
    const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    for (const { parameters } of Object.values(methods) as z.infer<typeof operation>[]) {
      const given = parameters.filter((each) => each.in === 'path').map(({ name }) => name)
      expect(given).toEqual(wanted)
    }
  }
})

it('refuses unknown fields in what is sent, and allows them in what is answered', () => {
  const { post } = openApi().paths['/v1/chat'] as { post: z.infer<typeof operation> }
  const sent = post.requestBody?.content['application/json']?.schema
  const answered = post.responses['200']?.content?.['application/json']?.schema
  expect(sent?.['additionalProperties']).toBe(false)
  expect(JSON.stringify(answered)).not.toContain('additionalProperties')
})
