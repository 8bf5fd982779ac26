import type { KeptAnswer } from '../src/store/answers.ts'
import type { Task } from './run-plan.ts'

/** Whoever is asked: the service itself, another Footnote, or a server that only completes chats. */
export interface Target {
  /** Article id → guid, as its answers name articles. */
  readonly guids: ReadonlyMap<string, string>
  /** The answer as it will be kept; throws where there is none. */
  ask(task: Task, signal: AbortSignal): Promise<KeptAnswer>
  close?(): Promise<void>
}
