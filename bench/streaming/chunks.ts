/* The model's answer on the wire, of the length that OpenAI's own chunks have. */

export const ANSWER_HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n'

const BEFORE =
  '{"id":"chatcmpl-Bq8xZ0a1b2c3d4e5f6g7h8i9j0k1l","object":"chat.completion.chunk","created":1760000000,' +
  '"model":"gpt-4.1-mini-2025-04-14","service_tier":"default","system_fingerprint":"fp_6f2eabb9a5",' +
  '"choices":[{"index":0,"delta":'

function frame(delta: string, finish = 'null'): string {
  const data = `data: ${BEFORE}${delta},"logprobs":null,"finish_reason":${finish}}],"usage":null}\n\n`
  return httpChunk(data)
}

function httpChunk(data: string): string {
  return `${data.length.toString(16)}\r\n${data}\r\n`
}

export const ROLE_CHUNK = frame('{"role":"assistant","content":"","refusal":null}')

/** The end of an answer, that of the HTTP body included. */
export const ANSWER_END = `${frame('{}', '"stop"')}${httpChunk('data: [DONE]\n\n')}0\r\n\r\n`

const STAMP_LENGTH = 11
const [BEFORE_STAMP = '', AFTER_STAMP = ''] = frame(
  `{"content":"w${'_'.repeat(STAMP_LENGTH)} "}`,
).split('_'.repeat(STAMP_LENGTH))

/** A token that says when it left: microseconds of this process's clock. */
export function stampedChunk(): string {
  const stamp = Math.round(performance.now() * 1000)
  return BEFORE_STAMP + String(stamp).padStart(STAMP_LENGTH, '0') + AFTER_STAMP
}

export function textChunk(text: string): string {
  return frame(`{"content":${JSON.stringify(text)}}`)
}
