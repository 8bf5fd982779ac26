import { byId } from './element.ts'

/** fetch, for this service: with the reader's key where one is kept. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>

const STORAGE_NAME = 'footnote-api-key'

interface ApiKey {
  /** Null where there is none. */
  readonly kept: () => string | null
  readonly send: Send
  forget(): void
}

/**
 * Asks the reader for the key at the first 401, and again only where the service did not take it.
 * Calls that meet a 401 at the same time share one form.
 */
export function createApiKey({ onChange }: { onChange: (isKept: boolean) => void }): ApiKey {
  let key = readKept()
  let asking: Promise<string | null> | null = null

  function keep(next: string | null): void {
    key = next
    writeKept(next)
    onChange(next !== null)
  }

  async function askReader(refused: string | null): Promise<string | null> {
    keep(null)
    const entered = await askInDialog({ wasRefused: refused !== null })
    if (entered !== null) keep(entered)
    return entered
  }

  async function nextKey(refused: string | null): Promise<string | null> {
    if (key !== refused) return key
    asking ??= askReader(refused).finally(() => (asking = null))
    return asking
  }

  async function send(path: string, init: RequestInit = {}): Promise<Response> {
    let sentKey = key
    let response = await fetch(path, withKey(init, sentKey))
    while (response.status === 401) {
      sentKey = await nextKey(sentKey)
      if (sentKey === null) return response
      response = await fetch(path, withKey(init, sentKey))
    }
    return response
  }

  onChange(key !== null)
  return { kept: () => key, send, forget: () => keep(null) }
}

function withKey(init: RequestInit, key: string | null): RequestInit {
  if (key === null) return init
  const headers = new Headers(init.headers)
  headers.set('authorization', `Bearer ${key}`)
  return { ...init, headers }
}

/** Null where the reader closes the form. */
function askInDialog({ wasRefused }: { readonly wasRefused: boolean }): Promise<string | null> {
  const dialog = byId('key-dialog', HTMLDialogElement)
  const input = byId('key-input', HTMLInputElement)
  byId('key-refused', HTMLElement).hidden = !wasRefused
  input.value = ''
  dialog.returnValue = ''
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        const entered = input.value.trim()
        input.value = ''
        resolve(dialog.returnValue === 'use' && entered !== '' ? entered : null)
      },
      { once: true },
    )
  })
}

// A browser may forbid storage: then the key lasts as long as the page.

function readKept(): string | null {
  try {
    return localStorage.getItem(STORAGE_NAME)
  } catch {
    return null
  }
}

function writeKept(key: string | null): void {
  try {
    if (key === null) localStorage.removeItem(STORAGE_NAME)
    else localStorage.setItem(STORAGE_NAME, key)
  } catch {
    return
  }
}
