import { setTimeout as delay } from 'node:timers/promises'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import { TurnstateError } from '../../src/errors.ts'
import type { AnswerSource, TurnEnd, TurnFacts } from '../../src/turn/turn.ts'
import type { ModelToolCall } from '../../src/upstream/upstream.ts'
import { toRequest } from './engine.ts'
import type { Instance } from './instances.ts'

/** One request that is being answered. */
export interface Caller {
  readonly facts: TurnFacts
  readonly source: AnswerSource
  readonly text: () => string
  readonly calls: readonly ModelToolCall[]
  readonly hangUp: () => void
  /** Its end, or the code of what it was refused with. */
  readonly end: Promise<TurnEnd | string>
  readonly isOver: () => boolean
}

export type Asking = Parameters<typeof toRequest>[1] & {
  /** The end of the answer does not reach the platform. */
  readonly isLost?: boolean
}

export async function ask(
  { engine }: Pick<Instance, 'engine'>,
  messages: readonly ConversationMessage[],
  { isLost = false, ...more }: Asking = {},
): Promise<Caller> {
  const answer = await engine.begin(toRequest(messages, more))
  const gone = new AbortController()
  const calls: ModelToolCall[] = []
  let text = ''
  let isOver = false
  const end = answer
    .run({
      signal: gone.signal,
      streams: true,
      onEvent(event) {
        if (event.type === 'text-delta') text += event.text
        if (event.type === 'tool-call') calls.push(event.call)
      },
    })
    .then((ended) => {
      if (!isLost && !gone.signal.aborted) answer.delivered()
      return ended
    }, codeOf)
    .finally(() => (isOver = true))
  return {
    ...{ facts: answer.facts, source: answer.source, calls, end },
    text: () => text,
    hangUp: () => gone.abort(),
    isOver: () => isOver,
  }
}

function codeOf(error: unknown): string {
  if (error instanceof TurnstateError) return error.code
  throw error
}

/** Asks again for up to ten seconds; for what comes in its own time. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + 10_000
  while (!(await isSo())) {
    if (performance.now() > until) throw new Error('it never came')
    await delay(3)
  }
}
