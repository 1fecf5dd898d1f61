import type { OpenVoiceSocket } from './voice-socket.ts'

/** All connections that are open. */
export interface OpenSockets {
  /** Returns how to forget it, once it is over. */
  add(socket: OpenVoiceSocket): () => void
  readonly count: () => number
  readonly drain: () => void
  readonly drop: () => void
  /** Resolves when none is open. */
  readonly ended: () => Promise<void>
}

export function createOpenSockets(): OpenSockets {
  const open = new Set<OpenVoiceSocket>()
  let waiting: (() => void)[] = []

  function forget(socket: OpenVoiceSocket): void {
    open.delete(socket)
    if (open.size > 0) return
    for (const resolve of waiting) resolve()
    waiting = []
  }

  return {
    add(socket) {
      open.add(socket)
      return () => forget(socket)
    },
    count: () => open.size,
    drain() {
      for (const socket of open) socket.drain()
    },
    drop() {
      for (const socket of open) socket.drop()
    },
    ended: () =>
      open.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
  }
}
