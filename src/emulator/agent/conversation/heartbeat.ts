import type { Outbox } from './outbox.ts'

/** Pings of the protocol, and how long the last one took. */
export interface Heartbeat {
  readonly start: () => void
  readonly stop: () => void
  readonly takePong: (eventId: number) => void
}

export function createHeartbeat(
  { send, nextEventId }: Pick<Outbox, 'send' | 'nextEventId'>,
  intervalMs: number,
): Heartbeat {
  let timer: NodeJS.Timeout | undefined
  let open: { readonly eventId: number; readonly sentAt: number } | null = null
  let roundTripMs: number | null = null

  function ping(): void {
    open = { eventId: nextEventId(), sentAt: performance.now() }
    send({ type: 'ping', ping_event: { event_id: open.eventId, ping_ms: roundTripMs } })
  }

  return {
    start: () => {
      timer = setInterval(ping, intervalMs)
    },
    stop: () => clearInterval(timer),
    takePong: (eventId) => {
      if (open?.eventId !== eventId) return
      roundTripMs = Math.round(performance.now() - open.sentAt)
      open = null
    },
  }
}
