import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { AppError } from '../errors.ts'
import { fetchModelFile, isDiskFull, partOf } from './fetch-model-file.ts'
import {
  checkFile,
  hashFile,
  isRemembered,
  rememberFile,
  statFile,
  type FileState,
} from './file-checksum.ts'
import { withFileLock } from './file-lock.ts'
import {
  parseModelCatalogue,
  type EmbeddingModel,
  type ModelCatalogue,
  type ModelFile,
} from './model-catalogue.ts'
import { createModelSources, type ModelSources } from './model-sources.ts'
import defaultCatalogue from './models.json' with { type: 'json' }

// A person reads no faster, and a fast source gives thousands of pieces a second.
const PROGRESS_INTERVAL_MS = 250
const GGUF_MAGIC = 'GGUF'

export interface ModelProgress {
  readonly modelId: string
  readonly file: string
  readonly doneBytes: number
  readonly totalBytes: number
}

export interface ModelListing {
  readonly id: string
  readonly kind: 'chat' | 'embedding'
  readonly bytes: number
  readonly licence: string
  readonly state: 'present' | 'missing' | 'partial'
}

export type EmbeddingModelSpec = Pick<
  EmbeddingModel,
  'id' | 'dimensions' | 'maxTokens' | 'queryPrefix' | 'files'
>

export type ModelCheck = FileState & {
  readonly modelId: string
  readonly path: string
  readonly expectedSha256: string
}

export interface EnsureOptions {
  readonly signal?: AbortSignal
  /** At most about four times a second. */
  readonly onProgress?: (progress: ModelProgress) => void
}

export interface ModelStore {
  /** All models that are known, told by their files' sizes alone: nothing is read. */
  list(): Promise<readonly ModelListing[]>
  /**
   * Gives the path of a verified GGUF, and fetches it where it is missing. A path to a `.gguf` is
   * used as it is.
   */
  ensureChat(nameOrFile: string, options?: EnsureOptions): Promise<string>
  /** Gives the folder that transformers.js reads. */
  ensureEmbedding(
    id: string,
    options?: EnsureOptions,
  ): Promise<{ readonly folder: string; readonly spec: EmbeddingModelSpec }>
  /** The SHA-256 of a model's weights, as pinned or read; null where there is no such file. */
  fingerprint(nameOrFile: string): Promise<string | null>
  /** Reads every file again, whatever was remembered of it. */
  check(options?: { readonly signal?: AbortSignal }): Promise<readonly ModelCheck[]>
}

interface ModelStoreOptions {
  readonly dir: string
  readonly catalogue?: ModelCatalogue
  readonly sources?: ModelSources
}

interface StoredFile {
  readonly modelId: string
  readonly path: string
  readonly file: ModelFile
}

interface StoredModel {
  readonly id: string
  readonly kind: ModelListing['kind']
  readonly licence: string
  readonly files: readonly StoredFile[]
}

export function createModelStore(options: ModelStoreOptions): ModelStore {
  const dir = resolve(options.dir)
  const sources = options.sources ?? createModelSources()
  const catalogue = options.catalogue ?? parseModelCatalogue(defaultCatalogue)
  const models = toStoredModels(catalogue, dir)

  const ensureFiles = async (modelId: string, ensure: EnsureOptions) => {
    for (const stored of models.find((model) => model.id === modelId)?.files ?? []) {
      await ensureFile(stored, { ...ensure, sources })
    }
  }

  return {
    list: () => Promise.all(models.map(toListing)),

    async ensureChat(nameOrFile, ensure = {}) {
      const model = catalogue.chat.find(({ id }) => id === nameOrFile)
      if (!model) return findChatFile(nameOrFile, catalogue)
      await ensureFiles(model.id, ensure)
      return join(dir, model.file.path)
    },

    async ensureEmbedding(id, ensure = {}) {
      const model = catalogue.embedding.find((known) => known.id === id)
      if (!model) throw unknownModel(id, { kind: 'embedding', known: catalogue.embedding })
      const folder = join(dir, model.id)
      await ensureFiles(model.id, ensure)
      await writeConfiguration(model, folder)
      const { dimensions, maxTokens, queryPrefix, files } = model
      return { folder, spec: { id, dimensions, maxTokens, queryPrefix, files } }
    },

    async fingerprint(nameOrFile) {
      const sums = models.find(({ id }) => id === nameOrFile)?.files.map(({ file }) => file.sha256)
      if (sums !== undefined) return sums.join(' ')
      if ((await statFile(nameOrFile)) === null) return null
      return hashFile(nameOrFile, { signal: neverAborted() })
    },

    async check({ signal = neverAborted() } = {}) {
      const checks: ModelCheck[] = []
      for (const { modelId, path, file } of models.flatMap((model) => model.files)) {
        const state = await checkFile(path, file, { signal })
        checks.push({ modelId, path, expectedSha256: file.sha256, ...state })
      }
      return checks
    },
  }
}

function toStoredModels(catalogue: ModelCatalogue, dir: string): readonly StoredModel[] {
  const chat = catalogue.chat.map(({ id, licence, file }) => {
    const stored = { modelId: id, path: join(dir, file.path), file }
    return { id, kind: 'chat' as const, licence, files: [stored] }
  })
  const embedding = catalogue.embedding.map(({ id, licence, files }) => {
    const stored = files.map((file) => ({ modelId: id, path: join(dir, id, file.path), file }))
    return { id, kind: 'embedding' as const, licence, files: stored }
  })
  return [...chat, ...embedding]
}

async function toListing({ id, kind, licence, files }: StoredModel): Promise<ModelListing> {
  const bytes = files.reduce((sum, { file }) => sum + file.bytes, 0)
  const found = await Promise.all(
    files.map(async ({ path, file }) => {
      const stats = await statFile(path)
      return {
        isWhole: stats?.size === file.bytes,
        isBegun: stats ?? (await statFile(partOf(path))),
      }
    }),
  )
  const isPresent = found.every(({ isWhole }) => isWhole)
  const isBegun = found.some(({ isBegun }) => isBegun !== null)
  return {
    id,
    kind,
    bytes,
    licence,
    state: isPresent ? 'present' : isBegun ? 'partial' : 'missing',
  }
}

async function ensureFile(
  stored: StoredFile,
  options: EnsureOptions & { sources: ModelSources },
): Promise<void> {
  const { path, file } = stored
  const { signal = neverAborted(), sources } = options
  signal.throwIfAborted()
  try {
    if (await isRemembered(path, file)) return
    if ((await checkFile(path, file, { signal })).state === 'ok') return
    const onBytes = createProgress(stored, options.onProgress)
    await mkdir(dirname(path), { recursive: true })
    const fetchUnlessDone = async () => {
      const found = await checkFile(path, file, { signal })
      if (found.state === 'ok') return
      const wrongSha256 = found.state === 'wrong' ? found.actualSha256 : undefined
      await fetchModelFile(file, { path, sources, signal, onBytes, wrongSha256 })
      await rememberFile(path, file)
    }
    const onWait = async () => onBytes((await statFile(partOf(path)))?.size ?? 0)
    await withFileLock(`${path}.lock`, fetchUnlessDone, { signal, onWait })
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof AppError ? error : toStorageError(error, path)
  }
}

function createProgress(
  { modelId, file }: StoredFile,
  onProgress: EnsureOptions['onProgress'],
): (doneBytes: number) => void {
  let toldAt = -Infinity
  return (doneBytes) => {
    const now = performance.now()
    if (doneBytes < file.bytes && now - toldAt < PROGRESS_INTERVAL_MS) return
    toldAt = now
    onProgress?.({ modelId, file: file.path, doneBytes, totalBytes: file.bytes })
  }
}

async function findChatFile(nameOrFile: string, catalogue: ModelCatalogue): Promise<string> {
  if (!/\.gguf$/i.test(nameOrFile)) {
    throw unknownModel(nameOrFile, { kind: 'chat', known: catalogue.chat })
  }
  const path = resolve(nameOrFile)
  if ((await readMagic(path)) === GGUF_MAGIC) return path
  throw new AppError(
    'model-file-invalid',
    `The model file ${path} is not a GGUF file: it does not begin with the bytes ${GGUF_MAGIC}.`,
  )
}

async function readMagic(path: string): Promise<string> {
  try {
    await using handle = await open(path)
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(GGUF_MAGIC.length) })
    return buffer.toString('latin1', 0, bytesRead)
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : 'cannot be read'
    throw new AppError('model-file-invalid', `The model file ${path} ${reason}.`, { cause: error })
  }
}

function unknownModel(
  id: string,
  { kind, known }: { kind: ModelListing['kind']; known: readonly { readonly id: string }[] },
): AppError {
  const ids = known.map((model) => model.id).join(', ')
  const orFile = kind === 'chat' ? ', or the path of a .gguf file' : ''
  const message = `There is no ${kind} model "${id}". Known are ${ids}${orFile}.`
  return new AppError('config-invalid', message)
}

/** Written beside the weights, and again only where they differ: the folder may be read-only. */
async function writeConfiguration(model: EmbeddingModel, folder: string): Promise<void> {
  for (const [name, content] of Object.entries(model.configuration)) {
    const path = join(folder, name)
    const text = `${JSON.stringify(content, null, 2)}\n`
    if ((await statFile(path)) && (await readFile(path, 'utf8')) === text) continue
    const temporary = `${path}.${String(process.pid)}.tmp`
    try {
      await writeFile(temporary, text)
      await rename(temporary, path)
    } catch (error) {
      throw toStorageError(error, path)
    }
  }
}

function toStorageError(error: unknown, path: string): AppError {
  if (isDiskFull(error)) {
    return new AppError('storage-full', `The disk is full: ${path} could not be written.`, {
      cause: error,
    })
  }
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
  const message = `The model file ${path} could not be kept (${code}). Can the folder be written?`
  return new AppError('model-unavailable', message, { cause: error })
}

function neverAborted(): AbortSignal {
  return new AbortController().signal
}
