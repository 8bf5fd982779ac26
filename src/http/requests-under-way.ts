import type { RequestListener } from 'node:http'

/** Knows when the last request has been answered, so that nothing is closed under one. */
export class RequestsUnderWay {
  #count = 0
  readonly #waiting: (() => void)[] = []

  watch(listener: RequestListener): RequestListener {
    return (request, response) => {
      this.#count += 1
      response.once('close', () => this.#end())
      listener(request, response)
    }
  }

  /** Resolves at once where there is none. */
  ended(): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #end(): void {
    this.#count -= 1
    if (this.#count === 0) for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
