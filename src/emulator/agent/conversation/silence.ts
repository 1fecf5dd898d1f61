/** Counts the time in which nobody speaks. */
export interface Silence {
  readonly restart: () => void
  readonly stop: () => void
  readonly isRunning: () => boolean
}

/** How long it may last is asked each time; null: for ever. */
export function createSilence(limit: () => number | null, onTimeout: () => void): Silence {
  let timer: NodeJS.Timeout | null = null
  const stop = () => {
    if (timer) clearTimeout(timer)
    timer = null
  }
  return {
    restart: () => {
      stop()
      const timeoutMs = limit()
      if (timeoutMs === null) return
      timer = setTimeout(() => {
        timer = null
        onTimeout()
      }, timeoutMs)
    },
    stop,
    isRunning: () => timer !== null,
  }
}
