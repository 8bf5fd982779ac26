/**
 * An embedding model as a GGUF file of 40 kB, whole and well-formed: llama.cpp loads it, and it can
 * write nothing. The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function toTinyBert(): Buffer {
  const infos: Buffer[] = []
  let bytes = 0
  for (const [name, dimensions] of TENSORS) {
    const sizes = dimensions.map((size) => int64(size))
    infos.push(text(name), int32(dimensions.length), ...sizes, int32(FLOAT_32), int64(bytes))
    bytes += aligned(4 * dimensions.reduce((product, size) => product * size, 1))
  }
  const counts = [int64(TENSORS.length), int64(ENTRIES.length)]
  const head = Buffer.concat([Buffer.from('GGUF'), int32(3), ...counts, ...ENTRIES, ...infos])
  return Buffer.concat([head, Buffer.alloc(aligned(head.length) - head.length + bytes)])
}

const ALIGNMENT = 32
const FLOAT_32 = 0
const SIZE = 32
const CONTEXT = 64

const UINT_32 = 4
const INT_32 = 5
const FLOAT = 6
const TEXT = 8
const LIST = 9

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
const TOKENS = [...SPECIAL, ...[...'abcdefghijklmnopqrstuvwxyz.'].map((each) => `\u2581${each}`)]
const CONTROL_TOKEN = 3
const PLAIN_TOKEN = 1

const ENTRIES: readonly Buffer[] = [
  entry('general.architecture', TEXT, text('bert')),
  entry('bert.context_length', UINT_32, int32(CONTEXT)),
  entry('bert.embedding_length', UINT_32, int32(SIZE)),
  entry('bert.block_count', UINT_32, int32(1)),
  entry('bert.feed_forward_length', UINT_32, int32(SIZE)),
  entry('bert.attention.head_count', UINT_32, int32(1)),
  entry('bert.attention.layer_norm_epsilon', FLOAT, float(1e-12)),
  entry('tokenizer.ggml.model', TEXT, text('bert')),
  entry('tokenizer.ggml.token_type_count', UINT_32, int32(2)),
  list('tokenizer.ggml.tokens', TEXT, TOKENS.map(text)),
  list(
    'tokenizer.ggml.token_type',
    INT_32,
    TOKENS.map((_, at) => int32(at < SPECIAL.length ? CONTROL_TOKEN : PLAIN_TOKEN)),
  ),
  entry('tokenizer.ggml.unknown_token_id', UINT_32, int32(1)),
  entry('tokenizer.ggml.bos_token_id', UINT_32, int32(2)),
  entry('tokenizer.ggml.seperator_token_id', UINT_32, int32(3)),
  entry('tokenizer.ggml.padding_token_id', UINT_32, int32(0)),
]

type Tensor = readonly [name: string, dimensions: readonly number[]]

const TENSORS: readonly Tensor[] = [
  ['token_embd.weight', [SIZE, TOKENS.length]],
  ['position_embd.weight', [SIZE, CONTEXT]],
  ['token_types.weight', [SIZE, 2]],
  ...norm('token_embd_norm'),
  ...'attn_q attn_k attn_v attn_output ffn_up ffn_down'.split(' ').flatMap(layer),
  ...norm('blk.0.attn_output_norm'),
  ...norm('blk.0.layer_output_norm'),
]

function norm(name: string): readonly Tensor[] {
  return [
    [`${name}.weight`, [SIZE]],
    [`${name}.bias`, [SIZE]],
  ]
}

function layer(name: string): readonly Tensor[] {
  return [
    [`blk.0.${name}.weight`, [SIZE, SIZE]],
    [`blk.0.${name}.bias`, [SIZE]],
  ]
}

function entry(key: string, type: number, value: Buffer): Buffer {
  return Buffer.concat([text(key), int32(type), value])
}

function list(key: string, type: number, items: readonly Buffer[]): Buffer {
  return entry(key, LIST, Buffer.concat([int32(type), int64(items.length), ...items]))
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([int64(bytes.length), bytes])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT
}
