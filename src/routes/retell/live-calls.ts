import type { ResponseFlags } from './outgoing-frame.ts'

/** Words that the agent says without being asked. */
export interface Interruption extends Pick<
  ResponseFlags,
  'end_call' | 'transfer_number' | 'digit_to_press' | 'no_interruption_allowed'
> {
  readonly content: string
}

/** A call's connection to this process. */
interface Connection {
  interrupt(interruption: Interruption, interruptId: number): void
  /** The call was dialled again: it goes on elsewhere. */
  replaced(): void
}

/** A call, and the key that it came with. */
export interface CallName {
  readonly caller: string
  readonly callId: string
}

/** The calls that are connected now, each known to those who hold its key only. */
export interface LiveCalls {
  /** The newest connection of a call takes the place of any other. Returns how to forget it. */
  connect(call: CallName, connection: Connection): () => void
  /** Null: no such call. Else the number of the interruption. */
  interrupt(call: CallName, interruption: Interruption): number | null
  /** What the agent was made to say out of turn, also on earlier connections of the call. */
  interruptionsOf(call: CallName): readonly string[]
}

/** Of one call; they are known again in its transcript. */
const MAX_INTERRUPTIONS = 20
/** A call can be dialled again: those that were interrupted last are remembered. */
const MAX_INTERRUPTED_CALLS = 200

export function createLiveCalls(): LiveCalls {
  const connections = new Map<string, Connection>()
  const interruptions = new Map<string, readonly string[]>()
  // Retell takes a number that it knows for more of the same words, also after a restart.
  let lastInterruptId = Math.floor(Date.now() / 1000)
  const keyOf = ({ caller, callId }: CallName) => JSON.stringify([caller, callId])

  function remember(key: string, content: string): void {
    const known = interruptions.get(key) ?? []
    interruptions.delete(key)
    interruptions.set(key, [...known, content].slice(-MAX_INTERRUPTIONS))
    const [oldest = key] = interruptions.keys()
    if (interruptions.size > MAX_INTERRUPTED_CALLS) interruptions.delete(oldest)
  }

  return {
    connect(call, connection) {
      const key = keyOf(call)
      const former = connections.get(key)
      connections.set(key, connection)
      former?.replaced()
      return () => {
        if (connections.get(key) === connection) connections.delete(key)
      }
    },
    interrupt(call, interruption) {
      const key = keyOf(call)
      const connection = connections.get(key)
      if (!connection) return null
      lastInterruptId += 1
      connection.interrupt(interruption, lastInterruptId)
      remember(key, interruption.content)
      return lastInterruptId
    },
    interruptionsOf: (call) => interruptions.get(keyOf(call)) ?? [],
  }
}
