import { setTimeout as wait } from 'node:timers/promises'
import { newConversationId } from './conversation-id.ts'
import type { ControlledUpstream } from './controlled-upstream.ts'
import { GREETING, systemText, user } from './messages.ts'
import { post } from './post.ts'
import { authorization, type Target } from './target.ts'
import { newWord } from './unique-word.ts'

const LIMIT_MS = 5000

/** What a first, harmless turn tells about a server. */
export type Probe =
  | { readonly type: 'unreachable' }
  | { readonly type: 'refused'; readonly status: number }
  | {
      readonly type: 'answers'
      /** The model knows the trigger phrases. */
      readonly followsScript: boolean
      /** Its model is the controlled upstream. */
      readonly isControlled: boolean
    }

interface ProbeOptions {
  readonly target: Target
  readonly upstream: ControlledUpstream | null
  readonly signal: AbortSignal
}

export async function probe({ target, upstream, signal }: ProbeOptions): Promise<Probe> {
  const id = newConversationId()
  const word = newWord()
  const text = `Please just say ${word}.`
  const posting = post({
    url: target.url,
    headers: authorization(target),
    body: {
      model: target.model,
      stream: true,
      messages: [{ role: 'system', content: systemText(id) }, GREETING, user(text)],
    },
    limitMs: LIMIT_MS,
    strict: true,
    signal,
  })
  // Whoever streams for ever has shown enough by then.
  await Promise.race([posting.ended, heardWell(posting.heard(word.length + 12))])
  posting.leave()
  const attempt = await posting.ended
  if (attempt.status === null && attempt.ending === 'refused') return { type: 'unreachable' }
  if (attempt.status === 401 || attempt.status === 403) {
    return { type: 'refused', status: attempt.status }
  }
  return {
    type: 'answers',
    followsScript: attempt.text.includes(`Alright: ${word}`),
    isControlled: (upstream?.modelCalls(id).length ?? 0) > 0,
  }
}

async function heardWell(heard: Promise<void>): Promise<void> {
  await heard
  await wait(200)
}
