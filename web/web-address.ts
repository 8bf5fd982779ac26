/** The address where it is http or https, else null: `javascript:` and `data:` are never linked. */
export function webAddress(value: string | null): string | null {
  if (value === null || !URL.canParse(value)) return null
  const url = new URL(value)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null
}
