import { pino, type Logger } from 'pino'

export type { Logger }

/** Lines of JSON on standard error; secrets never reach them. */
export function createLogger(level: string): Logger {
  return pino(
    { level, redact: ['req.headers.authorization', 'req.headers.cookie', '*.apiKey'] },
    pino.destination({ fd: 2, sync: false }),
  )
}
