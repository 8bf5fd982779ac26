import { openApi } from './openapi.ts'

/** A path as the contract writes it: `/v1/answers/{id}`; undefined where the contract has none. */
export function routeTemplate(path: string): string | undefined {
  return Object.keys(openApi().paths).find((template) => matches(template, path))
}

function matches(template: string, path: string): boolean {
  const parts = path.split('/')
  const expected = template.split('/')
  return (
    parts.length === expected.length &&
    expected.every((part, at) => part.startsWith('{') || part === parts[at])
  )
}
