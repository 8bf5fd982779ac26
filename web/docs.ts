import { createApiKey } from './api-key.ts'
import { byId } from './element.ts'
import { problemOfError, problemOfResponse, type Problem } from './problem.ts'

interface Viewer {
  preauthorizeApiKey(scheme: string, key: string): void
}

interface ViewerOptions {
  readonly spec: unknown
  readonly domNode: HTMLElement
  readonly onComplete: () => void
}

/** What swagger-ui-bundle.js leaves behind. */
declare const SwaggerUIBundle: (options: ViewerOptions) => Viewer

const place = byId('contract', HTMLElement)
const apiKey = createApiKey({ onChange: () => undefined })

try {
  const response = await apiKey.send('/openapi.json')
  if (response.ok) show(await response.json())
  else explain(await problemOfResponse(response))
} catch (error) {
  explain(problemOfError(error))
}

/** A key that the reader has given already is in the dialog "Authorize" as well. */
function show(spec: unknown): void {
  const viewer = SwaggerUIBundle({
    spec,
    domNode: place,
    onComplete() {
      const key = apiKey.kept()
      if (key !== null) viewer.preauthorizeApiKey('key', key)
    },
  })
}

function explain({ title, detail }: Problem): void {
  place.textContent = `${title}. ${detail}`
}
