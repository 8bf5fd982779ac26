// What was shown while the model wrote and is not in the answer that counts. The page says so, and the
// command line: nobody is left with words that nothing supports.

interface EndedAnswer {
  readonly status: string
  readonly reason: string | null
  readonly answer: string
}

export interface TakenBack {
  readonly notice: string
  readonly words: string
}

export const FOOTNOTE_MARK = /\[\d+\]/g
const BETWEEN_SENTENCES = /(?<=[.!?…]["'”’)]?)\s+/

/** Null where all that was shown stands. */
export function findTakenBack(streamed: string, answer: EndedAnswer): TakenBack | null {
  const final = bare(answer.answer)
  if (final.includes(bare(streamed))) return null
  const gone = streamed
    .trim()
    .split(BETWEEN_SENTENCES)
    .filter((sentence) => !final.includes(bare(sentence)))
  // Every sentence stands, in another order: then all of it was said otherwise.
  const words = gone.length === 0 ? streamed.trim() : gone.join(' ')
  return { notice: `${whatWasTaken(answer)} ${why(answer)}`, words }
}

function whatWasTaken({ status }: EndedAnswer): string {
  return status === 'refused' ? 'The words were taken back:' : 'Some words were taken back:'
}

function why({ reason }: EndedAnswer): string {
  return reason === 'not-answered'
    ? 'the articles do not state them as an answer.'
    : 'nothing in the articles supports them.'
}

/** Marks and white space are laid out anew in the final answer: they are not words. */
function bare(text: string): string {
  return text.replace(FOOTNOTE_MARK, '').replace(/\s+/g, '')
}
