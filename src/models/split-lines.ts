/** A server that sends a line without end must not fill the memory. */
const MAX_LINE_CHARACTERS = 1_000_000

/** Takes bytes as they come, and gives the lines that they complete; without bytes, what was left. */
export function createLineSplitter(): (bytes?: Uint8Array) => readonly string[] {
  const decoder = new TextDecoder()
  let rest = ''
  return (bytes) => {
    const lines = (rest + decoder.decode(bytes, { stream: bytes !== undefined })).split('\n')
    rest = bytes === undefined ? '' : (lines.pop() ?? '')
    if (rest.length > MAX_LINE_CHARACTERS) throw new Error('The line has no end.')
    return lines.map((line) => line.trim()).filter((line) => line !== '')
  }
}
