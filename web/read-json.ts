// What comes over the wire is unknown until read here: a field of another kind than expected
// counts as absent, so a newer service with more fields never breaks the page.

export type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {}
}

export function textAt(fields: Fields, key: string): string {
  return textOrNullAt(fields, key) ?? ''
}

export function textOrNullAt(fields: Fields, key: string): string | null {
  const value = fields[key]
  return typeof value === 'string' ? value : null
}

export function numberOrNullAt(fields: Fields, key: string): number | null {
  const value = fields[key]
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

export function numberAt(fields: Fields, key: string): number {
  return numberOrNullAt(fields, key) ?? 0
}

export function listAt(fields: Fields, key: string): readonly Fields[] {
  const value = fields[key]
  return Array.isArray(value) ? value.filter(isFields) : []
}

export function numbersAt(fields: Fields, key: string): readonly number[] {
  const value = fields[key]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'number') : []
}
