import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from './config.ts'
import { claimDoor } from './door.ts'
import { AppError } from './errors.ts'
import { createApp } from './http/app.ts'
import type { HttpContext } from './http/context.ts'
import { createMetrics } from './http/metrics.ts'
import { RequestsUnderWay } from './http/requests-under-way.ts'
import type { Logger } from './logger.ts'
import { Readiness } from './readiness.ts'
import { openServices, type Services } from './services.ts'

interface ServeOptions {
  readonly config: Config
  readonly logger: Logger
  /** Off for a command that starts the service for itself: no TCP, no schedule. */
  readonly isPublic: boolean
  /** Off for a command that says itself which feeds are read. */
  readonly readsLibrary?: boolean
}

export interface RunningService {
  readonly readiness: Readiness
  /** Where people open it; undefined without TCP. */
  readonly url: string | undefined
  /** Resolves when the library has been read once; rejects where the service cannot go on. */
  readonly started: Promise<void>
  stop(): Promise<void>
}

/** What is under way when the service is told to stop may end by itself for this long. */
const STOP_GRACE_MS = 5_000
/** A model looks at its signal between slices of a prompt, some 2.5 s apart. */
const ENDING_MS = 3_000

/** Claims the door, listens, and brings everything up behind it. */
export async function startService({
  config,
  logger,
  isPublic,
  readsLibrary = true,
}: ServeOptions): Promise<RunningService> {
  const readiness = new Readiness()
  const stopping = new AbortController()
  const ending = new AbortController()
  let services: Services | undefined
  const context: Omit<HttpContext, 'isDoor'> = {
    services: () => requireServices(services, readiness),
    readiness,
    metrics: createMetrics(),
    stopping: ending.signal,
  }
  const { apiKey, allowedOrigins } = config
  const requests = new RequestsUnderWay()
  const createListener = (isDoor: boolean) =>
    requests.watch(
      createApp({ ...context, isDoor }, { apiKey, allowedOrigins, logger }) as RequestListener,
    )
  const door = createServer(createListener(true))
  await claimDoor(door, config.dataDir)
  const closers: (() => Promise<unknown>)[] = [() => closeServer(door)]
  const stop = createStop({ readiness, requests, stopping, ending, closers })
  try {
    const url = isPublic
      ? await listen(createServer(createListener(false)), { config, closers })
      : undefined
    const started = openServices({
      config,
      logger,
      readiness,
      hasSchedule: isPublic,
      readsLibrary,
      signal: stopping.signal,
      onServices: (opened) => (services = opened),
      onOpened: (close) => closers.push(close),
    })
    return { readiness, url, started, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function requireServices(services: Services | undefined, readiness: Readiness): Services {
  if (readiness.isStopping) {
    throw new AppError('shutting-down', 'The service is stopping.', { retryAfter: 10 })
  }
  if (services !== undefined) return services
  throw new AppError(
    'database-unavailable',
    'The service is starting: its database is not open yet.',
    {
      retryAfter: 2,
    },
  )
}

interface ListenOptions {
  readonly config: Config
  readonly closers: (() => Promise<unknown>)[]
}

async function listen(server: Server, { config, closers }: ListenOptions): Promise<string> {
  const { host, port } = config
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(toListenError(error, config)))
    server.listen({ host, port }, resolve)
  })
  closers.push(() => closeServer(server))
  const { port: actual } = server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${actual}`
}

function toListenError(error: NodeJS.ErrnoException, { host, port }: Config): AppError {
  if (error.code === 'EADDRINUSE') {
    return new AppError(
      'port-in-use',
      `Port ${port} is in use. Set PORT to another one, or to 0 for any.`,
    )
  }
  const isPort = error.code === 'EACCES'
  const path = isPort ? 'PORT' : 'HOST'
  const message = isPort
    ? `is ${port}, which this user may not listen on: set one from 1024`
    : `is ${host}, which is no address of this machine: leave it at 127.0.0.1, or set 0.0.0.0 for all`
  const errors = [{ path, message }]
  return new AppError('config-invalid', `${path} ${message}.`, { cause: error, errors })
}

interface StopOptions {
  readonly readiness: Readiness
  readonly requests: RequestsUnderWay
  /** Ends what goes on by itself: loading, fetching, jobs. */
  readonly stopping: AbortController
  /** Ends requests under way, when their grace is over. */
  readonly ending: AbortController
  readonly closers: readonly (() => Promise<unknown>)[]
}

/**
 * What is asked already is answered, or told that it is not; then what was opened last is closed first,
 * and the door last of all, when the data folder is free.
 */
function createStop(options: StopOptions): () => Promise<void> {
  const { readiness, requests, stopping, ending, closers } = options
  let stopped: Promise<void> | undefined
  const stop = async () => {
    readiness.stop()
    stopping.abort(new AppError('shutting-down', 'The service is stopping.'))
    await Promise.race([requests.ended(), sleep(STOP_GRACE_MS, undefined, { ref: false })])
    ending.abort(new AppError('shutting-down', 'The service is stopping.', { retryAfter: 10 }))
    await Promise.race([requests.ended(), sleep(ENDING_MS, undefined, { ref: false })])
    for (const close of closers.toReversed()) await close()
  }
  return () => (stopped ??= stop())
}

async function closeServer(server: Server): Promise<void> {
  server.closeIdleConnections()
  const closed = new Promise((resolve) => server.close(resolve))
  // A kept-alive connection that sends nothing more must not hold up the end.
  await Promise.race([closed, sleep(STOP_GRACE_MS + 1_000, undefined, { ref: false })])
  server.closeAllConnections()
}
