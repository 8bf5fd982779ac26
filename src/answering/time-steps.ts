import type { AnswerSteps } from './answer-steps.ts'

/** Milliseconds by step; of a step that was taken more than once, all of them. */
export type StepTimings = Partial<Record<TimedStep, number>>

type TimedStep = 'retrieve' | 'recall' | 'generate' | 'compare' | 'checkStated'

/** The same steps, which note down how long each of them took. */
export function timeSteps(steps: AnswerSteps): {
  readonly steps: AnswerSteps
  readonly timings: StepTimings
} {
  const timings: StepTimings = {}
  const timed =
    <Input extends readonly unknown[], Output>(
      name: TimedStep,
      step: (...input: Input) => Promise<Output>,
    ) =>
    async (...input: Input): Promise<Output> => {
      const startedAt = performance.now()
      try {
        return await step(...input)
      } finally {
        const ms = Math.round(performance.now() - startedAt)
        timings[name] = (timings[name] ?? 0) + ms
      }
    }
  return {
    timings,
    steps: {
      ...steps,
      retrieve: timed('retrieve', steps.retrieve),
      recall: timed('recall', steps.recall),
      generate: timed('generate', steps.generate),
      compare: timed('compare', steps.compare),
      checkStated: timed('checkStated', steps.checkStated),
    },
  }
}
