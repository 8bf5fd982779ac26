export type PartStatus = 'ok' | 'loading' | 'unavailable' | 'none'
export type PartName = 'database' | 'embedding' | 'chat' | 'corpus'

export interface Part {
  readonly status: PartStatus
  /** For people: what is being done, or why it cannot be had and what to do. */
  readonly detail: string
  readonly progress?: { readonly done: number; readonly total: number }
}

export type Parts = Readonly<Record<PartName, Part>>

/** What works now, part by part; written by whoever brings a part up, read by `/readyz`. */
export class Readiness {
  #parts: Parts = {
    database: { status: 'loading', detail: 'opening' },
    embedding: { status: 'loading', detail: 'waiting for the database' },
    chat: { status: 'loading', detail: 'waiting for the database' },
    corpus: { status: 'loading', detail: 'waiting for the embedding model' },
  }
  #isStopping = false

  get parts(): Parts {
    return this.#parts
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  set(name: PartName, part: Part): void {
    this.#parts = { ...this.#parts, [name]: part }
  }

  stop(): void {
    this.#isStopping = true
  }

  /** Every part is there or is known not to be had; without a database or a library nothing is ready. */
  get isReady(): boolean {
    const { database, embedding, chat, corpus } = this.#parts
    return (
      !this.#isStopping &&
      database.status === 'ok' &&
      corpus.status === 'ok' &&
      embedding.status !== 'loading' &&
      chat.status !== 'loading'
    )
  }
}
