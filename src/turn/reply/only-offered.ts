import { QUIET_REPLY } from '../quiet-words.ts'
import type { TurnAnswer, TurnEvent } from '../turn.ts'
import type { KeptRequest } from '../turn-request.ts'

type Run = TurnAnswer['run']

/**
 * An answer that was made for an earlier request, without the calls that this one does not offer: a
 * platform may act on any call that reaches it.
 */
export function onlyOffered(answer: Run, { platformTools }: KeptRequest) {
  const offered = new Set(platformTools.map(({ name }) => name))
  let left = 0
  const run: Run = async (listener) => {
    let words = 0
    let calls = 0
    const onEvent = (event: TurnEvent) => {
      if (event.type === 'text-delta') words += event.text.length
      if (event.type === 'tool-call') {
        if (!offered.has(event.call.name)) {
          left += 1
          return
        }
        calls += 1
      }
      return listener.onEvent(event)
    }
    const end = await answer({ ...listener, onEvent })
    if (left === 0 || calls > 0) return end
    if (words === 0) await listener.onEvent({ type: 'text-delta', text: QUIET_REPLY })
    return { ...end, finishReason: 'stop' }
  }
  return { run, isWhole: () => left === 0 }
}
