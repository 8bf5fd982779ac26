// What the service says of itself in /openapi.json, turned against what it answers.
import { z } from 'zod'
import { openApi } from '../src/http/openapi.ts'

type Schema = Parameters<typeof z.fromJSONSchema>[0]
type SchemaObject = Exclude<Schema, boolean>

interface Described {
  readonly content?: Readonly<Record<string, { readonly schema: SchemaObject }>>
}

interface Operation {
  readonly responses: Readonly<Record<string, Described>>
}

/** The faults of an answer against the contract: an unknown field is one, too. */
export function contractFaults(
  call: string,
  { status, json }: { readonly status: number; readonly json: unknown },
): readonly string[] {
  const [method = '', path = ''] = call.split(' ')
  const operation = openApi().paths[path]?.[method.toLowerCase()] as Operation | undefined
  if (operation === undefined) return [`${call} is not in the contract`]
  const described = operation.responses[status] ?? operation.responses['default']
  return faultsOf(described ?? {}, json)
}

function faultsOf({ content }: Described, json: unknown): readonly string[] {
  if (content === undefined) return json === undefined ? [] : ['a body where there is none']
  const [schema] = Object.values(content).map((each) => resolve(each.schema))
  if (schema === undefined) return ['no schema']
  const parsed = z.fromJSONSchema(strict(schema) as SchemaObject).safeParse(json)
  return (parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('/')}: ${message}`)
}

function resolve(schema: SchemaObject): SchemaObject {
  const name = /^#\/components\/schemas\/(\w+)$/.exec(schema.$ref ?? '')?.[1]
  if (name === undefined) return schema
  const { schemas } = openApi()['components'] as { schemas: Record<string, SchemaObject> }
  return schemas[name] ?? schema
}

/** The contract allows more fields; today there are none, and one that is not described is a mistake. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict)
  if (typeof schema !== 'object' || schema === null) return schema
  const entries = Object.entries(schema).map(([name, value]) => [name, strict(value)] as const)
  const closed = Object.fromEntries(entries)
  return 'properties' in schema ? { ...closed, additionalProperties: false } : closed
}
