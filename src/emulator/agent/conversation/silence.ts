/** Counts the time in which nobody speaks. */
export interface Silence {
  readonly restart: () => void
  readonly stop: () => void
  readonly isRunning: () => boolean
}

/** `timeoutMs` null: it may last for ever. */
export function createSilence(timeoutMs: number | null, onTimeout: () => void): Silence {
  let timer: NodeJS.Timeout | null = null
  const stop = () => {
    if (timer) clearTimeout(timer)
    timer = null
  }
  return {
    restart: () => {
      stop()
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
