// The example of docs/langchain.md as it stands there, in a project of its own that has the package.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { marked } from 'marked'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openTestApp, type TestApp } from './open-test-app.ts'
import { openTestServices, type TestServices } from './open-test-services.ts'
import { ROOT } from './source-tree.ts'
import { LIBRARY, LISTENING, toRss } from './test-feed.ts'

const KEY = 'key-of-the-test'
const run = promisify(execFile)

const ADDING = {
  guid: 'adding',
  title: 'Adding feeds',
  url: 'https://blog.example/adding',
  html: '<p>To add a feed, give its address to the command. It is read at once.</p>',
}

let test: TestServices
let app: TestApp
let project: string

beforeAll(async () => {
  test = await openTestServices()
  await test.readFeed(test.writeFeed(toRss([...LIBRARY, ADDING])))
  app = await openTestApp({ services: () => test.services, apiKey: KEY })
  project = mkdtempSync(join(tmpdir(), 'footnote-langchain-'))
  await installPackage()
  writeFileSync(join(project, 'example.mjs'), exampleOf('docs/langchain.md'))
})

afterAll(async () => {
  rmSync(project, { recursive: true })
  await app[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})

/** The one block of JavaScript in a document. */
function exampleOf(path: string): string {
  const blocks = marked
    .lexer(readFileSync(ROOT + path, 'utf8'))
    .flatMap((token) => (token.type === 'code' && token['lang'] === 'js' ? [token.text] : []))
  expect(blocks).toHaveLength(1)
  return String(blocks[0])
}

/** As npm would: the package's own manifest, and of the build what its entry for retrievers names. */
async function installPackage(): Promise<void> {
  const installed = join(project, 'node_modules/footnote')
  mkdirSync(join(installed, 'dist'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(installed, 'node_modules'))
  symlinkSync(join(ROOT, 'node_modules/@langchain'), join(project, 'node_modules/@langchain'))
  symlinkSync(join(ROOT, 'node_modules/@types'), join(project, 'node_modules/@types'))
  const manifest = readFileSync(ROOT + 'package.json', 'utf8')
  writeFileSync(join(installed, 'package.json'), manifest)
  const { exports } = JSON.parse(manifest) as { exports: Record<string, { default: string }> }
  const built = exports['./retriever']?.default ?? ''
  const source = built.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts')
  await compile('tsconfig.package.json', {
    extends: ROOT + 'tsconfig.build.json',
    compilerOptions: {
      rootDir: ROOT,
      outDir: join(installed, 'dist'),
      incremental: false,
      tsBuildInfoFile: null,
      typeRoots: [ROOT + 'node_modules/@types'],
    },
    include: [],
    files: [ROOT + source],
  })
}

async function compile(name: string, config: object): Promise<void> {
  const path = join(project, name)
  writeFileSync(path, JSON.stringify(config))
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [compiler, '-p', path]).catch((error: unknown) => {
    throw new Error((error as { stdout?: string }).stdout, { cause: error })
  })
}

it('runs, and prints what the service finds', async () => {
  const { stdout } = await run(process.execPath, ['example.mjs'], {
    cwd: project,
    env: { FOOTNOTE_URL: `http://127.0.0.1:${app.port}`, FOOTNOTE_API_KEY: KEY },
  })
  expect(stdout).toContain('Adding feeds (https://blog.example/adding), 1\nTo add a feed')
  expect(stdout).toContain(LISTENING.title)
  expect(stdout.split('To add a feed, give its address to the command.')).toHaveLength(3)
})

it('fails with the service’s own words where the key is missing', async () => {
  const env = { FOOTNOTE_URL: `http://127.0.0.1:${app.port}` }
  const failed = run(process.execPath, ['example.mjs'], { cwd: project, env })
  await expect(failed).rejects.toMatchObject({
    stderr: expect.stringContaining('FootnoteError: ') as string,
  })
})

it('is sound by the types that the package comes with', async () => {
  await compile('tsconfig.json', {
    compilerOptions: {
      module: 'NodeNext',
      target: 'ES2022',
      strict: true,
      exactOptionalPropertyTypes: true,
      checkJs: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
    },
    files: ['example.mjs'],
  })
})
