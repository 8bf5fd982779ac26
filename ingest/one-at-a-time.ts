export type OneAtATime = <T>(work: () => Promise<T>) => Promise<T>

/** Runs what it is given in the order in which it came, each when the one before has ended. */
export function createOneAtATime(): OneAtATime {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const run = last.then(work)
    last = run.catch(() => undefined)
    return run
  }
}
