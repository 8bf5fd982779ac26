import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface BuiltPage extends AsyncDisposable {
  readonly folder: string
}

/** The page as the build makes it, in a folder of its own. */
export async function buildPage(): Promise<BuiltPage> {
  const folder = await mkdtemp(join(tmpdir(), 'footnote-page-'))
  await promisify(execFile)('npx', ['tsc', '-p', 'web/tsconfig.json', '--outDir', folder])
  for (const file of ['index.html', 'page.css']) await cp(join('web', file), join(folder, file))
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}
