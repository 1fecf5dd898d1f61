import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { DONE_EVENT, encodeData } from '../../sse/encode.ts'
import type { PlannedAnswer } from './scripted-answer.ts'

const STALL_MS = 6000
const ENVELOPE = {
  id: 'chatcmpl-rehearsal',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'rehearsal',
}
const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }

interface StreamOptions {
  readonly wantsUsage: boolean
  /** Aborted when the other side has hung up. */
  readonly signal: AbortSignal
}

/** Streams an answer as an OpenAI-compatible endpoint does, faults included. */
export async function streamAnswer(
  response: ServerResponse,
  answer: PlannedAnswer,
  { wantsUsage, signal }: StreamOptions,
): Promise<void> {
  const send = (fields: object) => response.write(encodeData(JSON.stringify(fields)))
  const delta = (value: object, finish: string | null = null) =>
    send({ ...ENVELOPE, choices: [{ index: 0, delta: value, finish_reason: finish }] })
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  delta({ role: 'assistant', content: '' })
  await wait(answer.firstTokenMs, undefined, { signal })
  if (answer.fault === 'reasoning') delta({ reasoning_content: 'The caller wants me to think.' })
  const pieces = spokenPieces(answer)
  for (const [index, piece] of pieces.entries()) {
    if (index > 0 && answer.tokenMs > 0) await wait(answer.tokenMs, undefined, { signal })
    if (answer.fault === 'stall' && index === Math.ceil(pieces.length / 2)) {
      await wait(STALL_MS, undefined, { signal })
    }
    delta({ content: piece })
  }
  if (answer.fault === 'break') {
    response.write(': ', () => response.destroy())
    return
  }
  for (const [index, call] of answer.calls.entries()) {
    const id = `call_${randomBytes(6).toString('hex')}`
    delta({ tool_calls: [{ index, id, type: 'function', function: call }] })
  }
  delta({}, answer.calls.length > 0 ? 'tool_calls' : 'stop')
  if (wantsUsage) send({ ...ENVELOPE, choices: [], usage: USAGE })
  response.end(DONE_EVENT)
}

/** The same answer to a request without a stream. */
export function toCompletion({ text, calls }: PlannedAnswer): object {
  const message = {
    role: 'assistant',
    content: text === '' ? null : text,
    ...(calls.length > 0 && {
      tool_calls: calls.map((call, index) => ({
        id: `call_${index + 1}`,
        type: 'function',
        function: call,
      })),
    }),
  }
  const finish = calls.length > 0 ? 'tool_calls' : 'stop'
  return {
    ...ENVELOPE,
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: finish }],
    usage: USAGE,
  }
}

function spokenPieces({ text, fault }: PlannedAnswer): readonly string[] {
  if (fault === 'empty' || fault === 'reasoning') return []
  const words = text.match(/\s*\S+\s*/g) ?? []
  return fault === 'break' ? words.slice(0, Math.ceil(words.length / 2)) : words
}
