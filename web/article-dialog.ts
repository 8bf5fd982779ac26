import type { Place } from './answer.ts'
import type { Send } from './api-key.ts'
import { articleLink, byId, dateOf, dotted, element } from './element.ts'
import { markRange } from './mark-passage.ts'
import { problemOfError, problemOfResponse } from './problem.ts'
import type { Problem } from './problem.ts'
import { fieldsOf, textAt, textOrNullAt } from './read-json.ts'
import type { Fields } from './read-json.ts'
import { renderMarked } from './render-footnotes.ts'

/** The article's text as it was when it was cited, with the cited place marked and in view. */
export function createArticleDialog(send: Send): (place: Place) => void {
  const dialog = byId('article-dialog', HTMLDialogElement)
  const body = byId('article-body', HTMLElement)
  byId('article-close', HTMLButtonElement).addEventListener('click', () => dialog.close())

  async function load(place: Place, signal: AbortSignal): Promise<void> {
    const nodes = await loadRevision(place, { send, signal }).catch((error: unknown) =>
      renderProblem(problemOfError(error)),
    )
    if (signal.aborted) return
    body.replaceChildren(...nodes)
    body.querySelector('mark')?.scrollIntoView({ block: 'center' })
  }

  return (place) => {
    const closed = new AbortController()
    dialog.addEventListener('close', () => closed.abort(), { once: true })
    byId('article-title', HTMLElement).replaceChildren(place.title)
    body.replaceChildren(element('p', ['Loading the article’s text…'], { role: 'status' }))
    dialog.showModal()
    void load(place, closed.signal)
  }
}

async function loadRevision(
  place: Place,
  { send, signal }: { readonly send: Send; readonly signal: AbortSignal },
): Promise<readonly Node[]> {
  const id = encodeURIComponent(place.articleId)
  const response = await send(`/v1/articles/${id}/revisions/${place.revision}`, { signal })
  if (!response.ok) return renderProblem(await problemOfResponse(response))
  return renderRevision(fieldsOf(await response.json()), place)
}

function renderRevision(revision: Fields, place: Place): Node[] {
  const text = textAt(revision, 'text')
  const marked = markRange(text, place)
  const about = dotted([
    articleLink('Open the article itself', textOrNullAt(revision, 'url') ?? place.url),
    dateOf(textOrNullAt(revision, 'publishedAt')),
    `revision ${place.revision}`,
  ])
  const missing = element('p', ['The cited sentence does not stand in this text.'])
  return [
    element('p', about, { class: 'about' }),
    ...(marked === null ? [missing] : []),
    element('div', marked === null ? [text] : renderMarked(marked), { class: 'article-text' }),
  ]
}

function renderProblem({ title, detail }: Problem): Node[] {
  return [element('p', [title], { class: 'problem-title' }), element('p', [detail])]
}
