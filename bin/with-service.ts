import type { Config } from '../src/config.ts'
import { doorPath, isAnswered } from '../src/door.ts'
import { AppError } from '../src/errors.ts'
import { createLogger } from '../src/logger.ts'
import { startService } from '../src/main.ts'
import { createDoorClient, type DoorClient } from './door-client.ts'
import { showProgress } from './progress.ts'
import { untilReady } from './until-ready.ts'

interface WithServiceOptions {
  readonly config: Config
  /** Whether the command has use for the chat model; without, it is neither fetched nor loaded. */
  readonly needsChat: boolean
  /** Whether a service started for it reads the library first: off where the command works on feeds. */
  readonly readsLibrary: boolean
  readonly signal: AbortSignal
}

/** Does `work` through the door of the service that runs, or of one started for it in this process. */
export async function withService(
  options: WithServiceOptions,
  work: (client: DoorClient) => Promise<void>,
): Promise<void> {
  const { config } = options
  if (await isAnswered(doorPath(config.dataDir))) return withClient(config, work)
  const service = await startOwn(options)
  // Another command was faster: it is the service now.
  if (service === undefined) return withClient(config, work)
  const progress = showProgress(service.readiness, process.stderr)
  try {
    await untilAborted(options.signal, service.started)
    await untilReady(service.readiness, options.signal)
    progress.stop()
    await withClient(config, work)
  } finally {
    progress.stop()
    await service.stop()
  }
}

async function startOwn({ config, needsChat, readsLibrary }: WithServiceOptions) {
  const own: Config = needsChat ? config : { ...config, chatModel: { kind: 'none' } }
  try {
    const logger = createLogger('warn')
    return await startService({ config: own, logger, isPublic: false, readsLibrary })
  } catch (error) {
    if (error instanceof AppError && error.code === 'data-folder-in-use') return undefined
    throw error
  }
}

async function withClient(
  config: Config,
  work: (client: DoorClient) => Promise<void>,
): Promise<void> {
  const client = createDoorClient(config.dataDir)
  try {
    await work(client)
  } finally {
    await client.close()
  }
}

/** What brings a service up may take minutes, and whoever interrupts it does not wait for the end. */
function untilAborted(signal: AbortSignal, started: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    started.then(resolve, reject)
  })
}
