import type { Instance } from './fault-instance.ts'
import { eventually } from './fault-wait.ts'
import { openStream, type LiveStream } from './live-stream.ts'

type Messages = readonly object[]

/** One call, whichever instance it reaches. */
export interface Caller {
  readonly stream: (instance: Instance, messages: Messages) => Promise<LiveStream>
  /** The whole answer, which must have ended well. */
  readonly ask: (instance: Instance, messages: Messages) => Promise<string>
  /** Waits until an instance knows that these words were said by a turn that is under way. */
  readonly until: (instance: Instance, messages: Messages) => Promise<void>
}

export function createCaller(conversation: string): Caller {
  const headers = { 'content-type': 'application/json', 'x-conversation-id': conversation }
  const toPost = (body: object) => ({ method: 'POST', headers, body: JSON.stringify(body) })
  const stream = (instance: Instance, messages: Messages) =>
    openStream(`${instance.url}/v1/chat/completions`, toPost({ stream: true, messages }))
  return {
    stream,
    async ask(instance, messages) {
      return wholeText(await stream(instance, messages))
    },
    async until({ url }, messages) {
      await eventually('the words are known', async () => {
        const derived = await fetch(`${url}/v1/conversations/derive`, toPost({ messages }))
        const { heard } = (await derived.json()) as { heard?: string } // the contract is checked elsewhere
        return heard === 'partial'
      })
    },
  }
}

/** What was heard to a clean end: no caller may ever hear anything break off. */
export async function wholeText(answer: LiveStream): Promise<string> {
  const { text, isDone } = await answer.rest()
  if (answer.status !== 200) throw new Error(`answered with status ${answer.status}`)
  if (!isDone) throw new Error(`broke off after "${text}"`)
  return text
}
