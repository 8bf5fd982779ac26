import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { AppError, messageOf } from '../src/errors.ts'
import { baselineFile, type Baseline } from './baseline.ts'
import { parseGoldenSet, parseSetFile, pathIn, type GoldenSet } from './golden-set.ts'
import { replaceFile } from './replace-file.ts'

/** The project's own golden sets; the built code has no package.json of its own, so it finds the same. */
export const goldenSetsDir = join(findProject(import.meta.dirname), 'golden-set')

/** A name of this form cannot lead out of the folder. */
const SET_NAME = /^[a-z0-9-]+$/

interface FolderOptions {
  /** Where the sets are; the project's. */
  readonly folder?: string
}

function findProject(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder
  const parent = dirname(folder)
  if (parent !== folder) return findProject(parent)
  throw new AppError('internal', 'No folder above the code holds a package.json.')
}

/** The names of the folders that hold a set.json. */
export async function listSets({ folder = goldenSetsDir }: FolderOptions = {}): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .map(({ name }) => name)
    .filter((name) => SET_NAME.test(name) && existsSync(join(folder, name, 'set.json')))
    .sort()
}

/** Read and checked, without a look at the library. */
export async function loadSet(name: string, options: FolderOptions = {}): Promise<GoldenSet> {
  const folder = await folderOf(name, options)
  const [set, cases, labelled] = await Promise.all(
    ['set.json', 'cases.jsonl', 'labelled-citations.jsonl'].map((file) =>
      readIfThere(join(folder, file)),
    ),
  )
  return parseGoldenSet({ name, set: set ?? '', cases: cases ?? '', labelled: labelled ?? null })
}

/** Guids of the articles that a set speaks of; none where its set.json cannot be read. */
export async function listSetArticles(
  name: string,
  options: FolderOptions = {},
): Promise<readonly string[]> {
  const text = await readIfThere(join(await folderOf(name, options), 'set.json'))
  return Object.keys(parseSetFile(text ?? '', pathIn(name, 'set.json')).data?.articles ?? {})
}

/** Of a set, by its name, null where it was never blessed; or the file at an absolute path. */
export async function loadBaseline(
  nameOrPath: string,
  options: FolderOptions = {},
): Promise<Baseline | null> {
  if (isAbsolute(nameOrPath)) {
    const text = await readIfThere(nameOrPath)
    if (text !== null) return parseBaseline(text, nameOrPath)
    throw new AppError('not-found', `There is no baseline file ${nameOrPath}.`)
  }
  const text = await readIfThere(join(await folderOf(nameOrPath, options), 'baseline.json'))
  return text === null ? null : parseBaseline(text, pathIn(nameOrPath, 'baseline.json'))
}

/** Replaces a set's baseline whole: a reader meets the old one or the new one. */
export async function saveBaseline(
  name: string,
  text: string,
  options: FolderOptions = {},
): Promise<void> {
  const path = join(await folderOf(name, options), 'baseline.json')
  await replaceFile(path, text, {
    name: pathIn(name, 'baseline.json'),
    advice: 'bless in a checkout of the project',
  })
}

async function folderOf(name: string, options: FolderOptions): Promise<string> {
  const names = await listSets(options)
  if (names.includes(name)) return join(options.folder ?? goldenSetsDir, name)
  const others =
    names.length === 0
      ? 'golden-set/README.md says how one is begun'
      : `there is ${names.join(', ')}`
  throw new AppError('not-found', `There is no golden set “${name}”; ${others}.`)
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

function parseBaseline(text: string, path: string): Baseline {
  const parsed = baselineFile.safeParse(parseJson(text, path))
  if (parsed.success) return parsed.data
  throw invalidBaseline(
    path,
    parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
  )
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalidBaseline(path, [`is not JSON: ${messageOf(error)}`])
  }
}

function invalidBaseline(path: string, problems: readonly string[]): AppError {
  const errors = problems.map((message) => ({ path, message }))
  const message = `The baseline ${path} cannot be read, ${problems[0]}. Take the committed file again, or bless a run anew.`
  return new AppError('invalid-request', message, { errors })
}
