import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'

const MAX_ENCODINGS = 2

type Decompress = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>

const DECOMPRESSORS: ReadonlyMap<string, Decompress> = new Map<string, Decompress>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['br', promisify(brotliDecompress)],
  ['deflate', inflateEither],
])

/** Some servers send `deflate` without the zlib header that RFC 9110, section 8.4.1.2, asks for. */
function inflateEither(body: Buffer, options: { maxOutputLength: number }): Promise<Buffer> {
  const hasHeader = body.length > 1 && (body[0] ?? 0) % 16 === 8 && body.readUInt16BE(0) % 31 === 0
  return promisify(hasHeader ? inflate : inflateRaw)(body, options)
}

/**
 * Undoes a `Content-Encoding`. Decompression stops, with a RangeError, where the output passes
 * `maxBytes`: 200 kB of gzip can hold 200 MB.
 */
export async function decompressBody(
  body: Buffer,
  { encoding, maxBytes }: { encoding: string; maxBytes: number },
): Promise<Buffer> {
  const names = encoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  const steps = names.filter((name) => name !== '' && name !== 'identity').reverse()
  if (steps.length > MAX_ENCODINGS) throw new Error('more than two content encodings')
  let decoded = body
  for (const name of steps) {
    const decompress = DECOMPRESSORS.get(name)
    if (decompress === undefined) throw new Error('a content encoding that was not asked for')
    if (decoded.length > 0) decoded = await decompress(decoded, { maxOutputLength: maxBytes })
  }
  return decoded
}

/** Enough for an XML declaration. */
const PROLOG_BYTES = 400
const BYTE_ORDER_MARKS: readonly (readonly [label: string, bytes: readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
  // No mark, but the first character of every XML document in two bytes.
  ['utf-16le', [0x3c, 0x00]],
  ['utf-16be', [0x00, 0x3c]],
]

/** Bytes as text: what HTTP says comes first, then a byte order mark, the XML declaration, UTF-8. */
export function decodeText(body: Buffer, contentType: string): string {
  const labels = [charsetOf(contentType), markedEncoding(body), declaredEncoding(body), 'utf-8']
  const decoder = labels.map(createDecoder).find((candidate) => candidate !== null)
  return (decoder ?? new TextDecoder()).decode(body)
}

function charsetOf(contentType: string): string {
  return /;\s*charset\s*=\s*["']?([^\s"';]+)/i.exec(contentType)?.[1] ?? ''
}

function markedEncoding(body: Buffer): string {
  const isMarked = (bytes: readonly number[]) => bytes.every((byte, at) => body[at] === byte)
  return BYTE_ORDER_MARKS.find(([, bytes]) => isMarked(bytes))?.[0] ?? ''
}

function declaredEncoding(body: Buffer): string {
  const prolog = body.toString('latin1', 0, PROLOG_BYTES)
  const label = /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"'>]+)["']/i.exec(prolog)?.[1] ?? ''
  // It could not have been read here, byte by byte, if it were true.
  return /^utf-?16/i.test(label) ? '' : label
}

function createDecoder(label: string): InstanceType<typeof TextDecoder> | null {
  try {
    return label === '' ? null : new TextDecoder(label)
  } catch {
    return null
  }
}
