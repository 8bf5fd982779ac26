import type { Database } from '../db/database.ts'
import { MIN_FREE_BYTES } from '../db/embedded.ts'
import { AppError } from '../errors.ts'

/** Ingest and evaluations stop before the disk is full: the embedded database cannot go on without room for its log. */
export function requireSpace(database: Pick<Database, 'freeBytes'>): void {
  if (database.freeBytes() >= MIN_FREE_BYTES) return
  throw new AppError('storage-full', 'The disk is nearly full: nothing more is written.')
}
