import { startClient } from './official-clients.ts'

/** The client's side of text conversations, one after the other. */
export function startElevenLabsClient() {
  const { order, told, all } = startClient('elevenlabs.mjs')
  let startCount = 0
  return {
    told,
    /** What a callback was given so far. */
    calledWith: (callback: string) => all(callback).map(({ props }) => props),
    all,
    startSession: (options: object) => order({ do: 'start', options }),
    /** Waits for the next conversation to begin; resolves with its id. */
    started: async () => String((await told('started', (startCount += 1))).conversationId),
    say: (text: string) => order({ do: 'say', text }),
    addContext: (text: string) => order({ do: 'add-context', text }),
    end: () => order({ do: 'end' }),
    /** The agent's words of this number, from 1, once they are complete. */
    answer: async (number = 1) => {
      const { props: message } = await told('onMessage', number)
      return (message as { readonly message: string }).message // the client's own type
    },
  }
}
