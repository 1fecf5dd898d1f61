import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { VoiceSockets } from './sockets/voice-sockets.ts'
import type { TurnGate } from './turn-gate.ts'

/** How a server comes to its end. */
export interface Stop {
  /**
   * From now on new turns and connections are refused and `/readyz` says so; running turns go on, and
   * platforms' connections end as soon as nothing is said on them.
   */
  readonly drain: () => void
  /** Drains, waits for all that at most so many milliseconds, then closes every connection. */
  readonly close: (limitMs: number) => Promise<void>
}

interface Dependencies {
  readonly server: FastifyInstance
  readonly gate: Pick<TurnGate, 'drain' | 'idle'>
  readonly sockets: Pick<VoiceSockets, 'drain' | 'ended' | 'drop'>
}

export function createStop({ server, gate, sockets }: Dependencies): Stop {
  function drain(): void {
    // First the gate: on a connection that hears of it nothing begins any more.
    gate.drain()
    sockets.drain()
  }
  return {
    drain,
    async close(limitMs) {
      drain()
      const limit = new AbortController()
      await Promise.race([
        Promise.all([gate.idle(), sockets.ended()]),
        sleep(limitMs, undefined, { signal: limit.signal }),
      ])
      limit.abort()
      sockets.drop()
      await Promise.all([sockets.ended(), server.close()])
    },
  }
}
