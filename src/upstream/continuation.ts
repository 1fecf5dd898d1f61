import { restsOfLastWord } from './cut-word.ts'
import { failureReasonOf, upstreamError } from './failure.ts'
import { createOverlap } from './overlap.ts'
import { handover } from './routed-answer.ts'
import type { Asked, FailedEndpoint, RoutedAnswer } from './routed-answer.ts'
import { untilAborted } from '../until-aborted.ts'
import type { Completion, CompletionRequest, Endpoint } from './upstream.ts'

const LAST_WORDS = 5
/** Of whatever has no spaces. */
const MAX_LAST_CHARACTERS = 100

/**
 * Lets the endpoints that are left finish an answer that broke off in mid-speech, so that the caller
 * hears one. Rejects with the first failure when none could.
 */
export async function continueAnswer(
  answer: RoutedAnswer,
  broken: FailedEndpoint,
): Promise<Completion> {
  const { listener, choice, log, metrics } = answer
  let last = broken
  for (;;) {
    listener.signal.throwIfAborted()
    // The listener's own: nobody is there to go on for.
    if (failureReasonOf(last.error) === undefined) throw last.error
    const next = choice.next()
    if (next === undefined) {
      if (last !== broken) metrics.continuation('failed')
      throw broken.error
    }
    log.warn(handover(last, next), 'answer continued')
    const asked = await askToContinue(answer, next)
    if (asked.type === 'completed') {
      metrics.continuation('completed')
      return asked.completion
    }
    last = asked
  }
}

async function askToContinue(answer: RoutedAnswer, endpoint: Endpoint): Promise<Asked> {
  const { request, listener, voice, choice } = answer
  const before = voice.said()
  const overlap = createOverlap(before, restsOfLastWord(before, textsOf(request)))
  const give = (text: string): void | Promise<void> => (text === '' ? undefined : voice.give(text))
  const isDone = (): boolean => voice.said() !== before || endsSentence(before)
  try {
    const { calls, finishReason } = await endpoint.complete(toContinuation(request, before), {
      signal: listener.signal,
      onText: (delta) => give(overlap.push(delta)),
    })
    await untilAborted(Promise.resolve(give(overlap.end())), listener.signal)
    if (calls.length === 0 && !isDone()) throw upstreamError('empty')
    return completed({ text: voice.said(), calls, finishReason })
  } catch (error) {
    // Nothing to add: the answer had broken off behind its last word.
    if (failureReasonOf(error) === 'empty' && isDone()) {
      return completed({ text: voice.said(), calls: [], finishReason: 'stop' })
    }
    choice.exclude(endpoint)
    return { type: 'failed', endpoint, error }
  }
}

function textsOf({ messages }: CompletionRequest): readonly string[] {
  return messages.flatMap(({ content }) => (typeof content === 'string' ? [content] : []))
}

function completed(completion: Completion): Asked {
  return { type: 'completed', completion }
}

function endsSentence(text: string): boolean {
  return /[\p{Sentence_Terminal}\u2026]["'\u201d\u2019\u00bb)\]*]*\s*$/u.test(text)
}

/**
 * A repetition of the last words shows where the continuation begins, even in the middle of a word.
 * Overlap removal does without it where a model does not comply.
 */
function toContinuation(request: CompletionRequest, said: string): CompletionRequest {
  const content =
    `[Your answer broke off after "${lastWords(said)}". First repeat these words exactly, then go ` +
    'on from there to the end of your answer. Do not apologise, and do not comment on it.]'
  return {
    ...request,
    messages: [
      ...request.messages,
      { role: 'assistant', content: said },
      { role: 'user', content },
    ],
  }
}

function lastWords(said: string): string {
  const words = said.slice(-10 * MAX_LAST_CHARACTERS).match(/\S+/g) ?? []
  return Array.from(words.slice(-LAST_WORDS).join(' ')).slice(-MAX_LAST_CHARACTERS).join('')
}
