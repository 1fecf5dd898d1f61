import { createHash } from 'node:crypto'
import type { OpenAiCompatibleOptions } from './options.ts'
import type { UpstreamMessage } from './upstream.ts'

/** What an endpoint takes for the id of a tool call, and what stands in for one that it refuses. */
interface IdForm {
  readonly fits: (id: string) => boolean
  readonly fromDigest: (hex: string) => string
}

// OpenAI refuses more than 40 characters.
const USUAL: IdForm = {
  fits: (id) => id.length <= 40,
  fromDigest: (hex) => `call_${hex.slice(0, 24)}`,
}

// Mistral refuses everything but nine letters or digits.
const SHORT: IdForm = {
  fits: (id) => /^[A-Za-z0-9]{9}$/.test(id),
  fromDigest: (hex) => hex.slice(0, 9),
}

/**
 * The messages with ids that the endpoint takes, no two calls with the same one, each result under
 * the id of its own call. The same history gives the same ids, and a longer one begins with them.
 */
export function withAcceptedCallIds(
  messages: readonly UpstreamMessage[],
  { compat }: Pick<OpenAiCompatibleOptions, 'compat'>,
): readonly UpstreamMessage[] {
  if (!messages.some(holdsCallId)) return messages
  const ids = createAcceptedIds(compat.includes('short_tool_call_ids') ? SHORT : USUAL)
  return messages.map((message, step) => {
    if (message.role === 'tool') return { ...message, callId: ids.ofResult(message.callId) }
    if (message.role !== 'assistant' || !message.calls?.length) return message
    return {
      ...message,
      calls: message.calls.map((call) => ({ ...call, id: ids.ofCall(call.id, step) })),
    }
  })
}

function holdsCallId(message: UpstreamMessage): boolean {
  return message.role === 'tool' || (message.role === 'assistant' && !!message.calls?.length)
}

interface OpenCalls {
  readonly step: number
  /** Accepted ids, in the order of the calls; the last one stays. */
  readonly ids: string[]
}

function createAcceptedIds(form: IdForm) {
  const used = new Set<string>()
  const timesSeen = new Map<string, number>()
  const open = new Map<string, OpenCalls>()

  function unused(id: string): string {
    if (form.fits(id) && !used.has(id)) return id
    // Counting on from the last time keeps a history that repeats one id from costing its square.
    let times = timesSeen.get(id) ?? 0
    let made: string
    do made = form.fromDigest(digestOf(id, times++))
    while (used.has(made))
    timesSeen.set(id, times)
    return made
  }

  return {
    ofCall(id: string, step: number): string {
      const accepted = unused(id)
      used.add(accepted)
      const known = open.get(id)
      if (known?.step === step) known.ids.push(accepted)
      else open.set(id, { step, ids: [accepted] })
      return accepted
    },
    ofResult(id: string): string {
      const ids = open.get(id)?.ids
      const accepted = ids && ids.length > 1 ? ids.shift() : ids?.[0]
      return accepted ?? (form.fits(id) ? id : form.fromDigest(digestOf(id, 0)))
    },
  }
}

function digestOf(id: string, times: number): string {
  return createHash('sha256')
    .update(JSON.stringify([id, times]))
    .digest('hex')
}
