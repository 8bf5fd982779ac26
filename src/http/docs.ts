import { createRequire } from 'node:module'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Router } from 'express'

const webDir = fileURLToPath(new URL('../../web', import.meta.url))

/**
 * As strict as the page's but for trusted types, which the viewer does not know: what it writes as HTML
 * is the service's own contract, and no script but those of this host runs.
 */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
  "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/** The contract to read and to try. */
export function docsRoutes(): Router {
  const require = createRequire(import.meta.url)
  const router = Router()
  router.get('/docs', (_request, response) => {
    response.set('Content-Security-Policy', DOCS_POLICY)
    response.sendFile('docs.html', { root: webDir })
  })
  // The viewer alone: the package's own page would load a contract from another host.
  for (const path of [
    require.resolve('swagger-ui-dist/swagger-ui.css'),
    require.resolve('swagger-ui-dist/swagger-ui-bundle.js'),
  ]) {
    const name = basename(path)
    router.use(`/docs/${name}`, (_request, response) => {
      response.sendFile(name, { root: dirname(path) })
    })
  }
  return router
}
