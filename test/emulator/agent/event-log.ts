import type { ServerEvent } from '../../../src/emulator/agent/conversation/server-event.ts'

type Type = ServerEvent['type']
type EventOf<T extends Type> = Extract<ServerEvent, { type: T }>

/** What an emulated agent sent, in order, for tests to look at and wait for. */
export interface EventLog {
  readonly events: readonly ServerEvent[]
  readonly take: (event: ServerEvent) => void
  /** The event of this type with this number, from 1; waits until it is there. */
  readonly event: <T extends Type>(type: T, number?: number) => Promise<EventOf<T>>
  readonly all: <T extends Type>(type: T) => readonly EventOf<T>[]
  readonly types: () => readonly Type[]
}

export function createEventLog(): EventLog {
  const events: ServerEvent[] = []
  let waiting: readonly (() => boolean)[] = []

  function all<T extends Type>(type: T): readonly EventOf<T>[] {
    return events.filter((event): event is EventOf<T> => event.type === type)
  }

  return {
    events,
    take: (event) => {
      events.push(event)
      waiting = waiting.filter((isThere) => !isThere())
    },
    event: (type, number = 1) =>
      new Promise((resolve) => {
        const isThere = () => {
          const found = all(type)[number - 1]
          if (found) resolve(found)
          return found !== undefined
        }
        if (!isThere()) waiting = [...waiting, isThere]
      }),
    all,
    types: () => events.map(({ type }) => type),
  }
}

/** The text of the parts with each event id, put together. */
export function spokenParts(log: Pick<EventLog, 'all'>): ReadonlyMap<number, string> {
  const texts = new Map<number, string>()
  for (const { text_response_part: part } of log.all('agent_chat_response_part')) {
    texts.set(part.event_id, `${texts.get(part.event_id) ?? ''}${part.text}`)
  }
  return texts
}
