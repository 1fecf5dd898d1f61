import type { Log } from '../observability/log.ts'

/** Whether the store answers, for all who want to know. */
export interface StoreHealth {
  isUp(): boolean
  onChange(listener: (isUp: boolean) => void): void
  up(): void
  /** `reason` is a code for the log: never an address or a value. */
  down(reason: string): void
  /** From now on it is not up, and nobody is told. */
  close(): void
}

export function createStoreHealth(log: Log): StoreHealth {
  const listeners: ((isUp: boolean) => void)[] = []
  /** Null until it is known. */
  let isUp: boolean | null = null
  let isClosed = false

  function become(next: boolean): void {
    const was = isUp ?? false
    isUp = next
    if (was !== next) for (const listener of listeners) listener(next)
  }

  return {
    isUp: () => !isClosed && (isUp ?? false),
    onChange: (listener) => void listeners.push(listener),
    up() {
      if (isClosed) return
      if (isUp === false) log.info({}, 'store available again')
      become(true)
    },
    down(reason) {
      if (isClosed) return
      if (isUp !== false) log.warn({ reason }, 'store unavailable')
      become(false)
    },
    close: () => void (isClosed = true),
  }
}
