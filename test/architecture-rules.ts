// The tree's rules (design.md, section 3) as pure functions: the modules in, a line for each fault out.
import { basename } from 'node:path'
import type { SourceImport, SourceModule } from './source-tree.ts'

/** An arrow points from an earlier line to a later one; rooms on one line do not import each other. */
const LAYERS = [
  ['bin'],
  ['main'],
  ['http'],
  ['jobs'],
  ['ingest', 'eval'],
  ['answering'],
  ['retrieval'],
  ['store', 'models'],
  // What other projects import of the package asks the service over HTTP, as they do.
  ['db', 'langchain'],
  ['ground'],
]
const DIRECTION = LAYERS.map((rooms) => rooms.join(', ')).join(' → ')

/** The files that stand in src/ itself; `ground` is what every layer may import. */
const SRC_FILES: Readonly<Record<string, string>> = {
  'src/main.ts': 'main',
  'src/services.ts': 'main',
  'src/bring-up-database.ts': 'main',
  'src/bring-up-models.ts': 'main',
  'src/evaluation-parts.ts': 'main',
  'src/service-recall.ts': 'main',
  'src/door.ts': 'main',
  'src/domain.ts': 'ground',
  'src/errors.ts': 'ground',
  'src/config.ts': 'ground',
  'src/logger.ts': 'ground',
  'src/readiness.ts': 'ground',
}

const SRC_FOLDERS = ['http', 'jobs', 'answering', 'retrieval', 'store', 'models', 'db', 'langchain']

/** A package and where it may be imported; `*` is anywhere. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  '@electric-sql': ['src/db/'],
  '@huggingface/transformers': ['src/models/'],
  // What the answers are compared with is LangChain's own pipeline.
  '@langchain': ['src/models/', 'src/langchain/', 'eval/langchain-arm.ts'],
  cheerio: ['ingest/'],
  commander: ['bin/'],
  echarts: ['eval/'],
  express: ['src/http/'],
  feedsmith: ['ingest/'],
  fflate: ['src/models/'],
  'ipaddr.js': ['ingest/'],
  'node-llama-cpp': ['src/models/llama-cpp.ts'],
  'node-pg-migrate': ['src/db/'],
  // The composition root opens the schema owner's pool for as long as the migrations take.
  pg: ['src/db/'],
  'pg-boss': ['src/jobs/'],
  pino: ['src/logger.ts'],
  'prom-client': ['src/http/metrics.ts'],
  stemmer: ['src/retrieval/'],
  'swagger-ui-dist': ['src/http/docs.ts'],
  tiktoken: ['ingest/'],
  undici: ['bin/', 'ingest/', 'src/models/'],
  zod: ['*'],
}
/** Whose types may be named anywhere: a pool is what store and jobs are given. */
const TYPES_ANYWHERE = ['pg']

const SQL_HOMES = ['src/store/', 'src/db/migrate.ts', 'src/db/grant-service.ts']
const SQL = /\bselect\b[^;]*\bfrom\b|\binsert\s+into\b|\bupdate\s+[^;]*\bset\b|\bdelete\s+from\b/i

const FORBIDDEN_WORDS = /(^|-)(utils?|helpers?|lib|libs|common|types?|managers?)(-|$)/

type Verdict = string | undefined

export function findWrongArrows(modules: readonly SourceModule[]): readonly string[] {
  return modules.flatMap(({ path, imports }) => [
    ...(roomOf(path) === NO_ROOM ? [`${path}: stands in no room of design.md, section 3`] : []),
    ...imports
      .filter(({ isLocal }) => isLocal)
      .flatMap((one) => faultOf(`${path} → ${one.target}`, judgeArrow(path, one))),
  ])
}

function judgeArrow(path: string, { target, isType }: SourceImport): Verdict {
  const [from, to] = [roomOf(path), roomOf(target)]
  if (from === 'tool' || from === to) return undefined
  if (to === 'tool') return 'code that runs in production imports no test, benchmark or script'
  if (from === 'web') return 'the page imports nothing outside web/'
  if (to === 'web') return judgeUseOfPage(from, target)
  // The routes are given what the composition root makes, so they have to name it.
  if (from === 'http' && target === 'src/services.ts' && isType) return undefined
  return rankOf(from) < rankOf(to) ? undefined : `${from} may not import ${to}: ${DIRECTION}`
}

/** The page and the command line read the same stream. */
const SHARED_WITH_BIN = ['web/sse-parser.ts', 'web/taken-back.ts']

function judgeUseOfPage(from: string, target: string): Verdict {
  const isShared = from === 'bin' && SHARED_WITH_BIN.includes(target)
  const shared = SHARED_WITH_BIN.join(' and ')
  return isShared ? undefined : `of the page, bin/ alone imports anything: ${shared}`
}

const NO_ROOM = 'a file without a room'

function roomOf(path: string): string {
  if (/^(test|bench|docs|golden-set|\.ci)\//.test(path) || isTestFile(path)) return 'tool'
  const [folder = '', room = ''] = path.split('/')
  if (folder === 'src') return SRC_FILES[path] ?? (SRC_FOLDERS.includes(room) ? room : NO_ROOM)
  return ['web', 'bin', 'ingest', 'eval'].includes(folder) ? folder : NO_ROOM
}

function isTestFile(path: string): boolean {
  return /\.test\.ts$/.test(path) || /^test-.*\.ts$/.test(basename(path))
}

function rankOf(room: string): number {
  return LAYERS.findIndex((rooms) => rooms.includes(room))
}

/** Types count: two files that cannot be read apart are one. */
export function findCycles(modules: readonly SourceModule[]): readonly string[] {
  const imports = new Map(modules.map((module) => [module.path, localTargets(module)]))
  const finished = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) cycles.push(`${[...trail.slice(at), path].join(' → ')}: a cycle`)
    if (at >= 0 || finished.has(path)) return
    for (const target of imports.get(path) ?? []) visit(target, [...trail, path])
    finished.add(path)
  }
  for (const { path } of modules) visit(path, [])
  return cycles
}

function localTargets({ imports }: SourceModule): readonly string[] {
  return imports.filter(({ isLocal }) => isLocal).map(({ target }) => target)
}

export function findHomelessPackages(modules: readonly SourceModule[]): readonly string[] {
  return modules
    .filter(({ path }) => roomOf(path) !== 'tool')
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ target, isLocal }) => !isLocal && !target.startsWith('node:'))
        .flatMap((one) => faultOf(`${path} → ${one.target}`, judgeHome(path, one))),
    )
}

function judgeHome(path: string, { target, isType }: SourceImport): Verdict {
  const name = Object.keys(HOMES).find((known) => isWithin(target, known))
  if (name === undefined) return 'a package without a home: give it one in HOMES'
  if (isType && TYPES_ANYWHERE.includes(name)) return undefined
  const homes = HOMES[name] ?? []
  const isHome = homes.some((home) => home === '*' || path.startsWith(home))
  return isHome ? undefined : `${name} is imported in ${homes.join(', ')} alone`
}

export function findStaleHomes(dependencies: readonly string[]): readonly string[] {
  return Object.keys(HOMES)
    .filter((name) => !dependencies.some((dependency) => isWithin(dependency, name)))
    .map((name) => `${name}: a home without a dependency`)
}

/** A name in HOMES is a package or a scope of packages. */
function isWithin(target: string, name: string): boolean {
  return target === name || target.startsWith(`${name}/`)
}

export function findStraySql(modules: readonly SourceModule[]): readonly string[] {
  return modules
    .filter(({ path }) => roomOf(path) !== 'tool')
    .filter(({ path }) => !SQL_HOMES.some((home) => path.startsWith(home)))
    .flatMap(({ path, strings }) =>
      strings
        .filter((text) => SQL.test(text))
        .map((text) => `${path}: SQL stands in ${SQL_HOMES.join(', ')} alone, and not "${text}"`),
    )
}

export function findBadNames(paths: readonly string[]): readonly string[] {
  return paths
    .filter((path) => /\.(ts|js|css|html|sql|json|md)$/.test(path))
    .flatMap((path) => faultOf(path, judgeName(path)))
}

function judgeName(path: string): Verdict {
  const name = basename(path)
  if (name.endsWith('.sql')) {
    return /^\d{4}_[a-z0-9_]+\.sql$/.test(name) ? undefined : 'a migration is named NNNN_name.sql'
  }
  if (name === 'README.md') return undefined
  const [subject = ''] = name.split('.')
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(subject)) return 'file names are kebab-case'
  return FORBIDDEN_WORDS.test(subject)
    ? 'a file is named after its main export, and not utils, helpers, lib, common, types or manager'
    : undefined
}

function faultOf(what: string, verdict: Verdict): readonly string[] {
  return verdict === undefined ? [] : [`${what}: ${verdict}`]
}
