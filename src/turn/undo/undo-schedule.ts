/** When conversations that have something to undo are looked at. */
export interface UndoSchedule {
  /** Looks at a conversation after so many milliseconds; an earlier appointment is moved. */
  schedule(id: string, afterMs: number): void
  /** There is nothing to look at any more. */
  unschedule(id: string): void
  /** Whose turn it is: the handler is called with the conversation. */
  onDue(handler: (id: string) => void): void
  close(): void
}

/** The appointments of this process alone. */
export function createMemorySchedule(): UndoSchedule {
  const timers = new Map<string, NodeJS.Timeout>()
  let handle: (id: string) => void = () => undefined

  function unschedule(id: string): void {
    clearTimeout(timers.get(id))
    timers.delete(id)
  }

  return {
    schedule(id, afterMs) {
      unschedule(id)
      const timer = setTimeout(() => {
        timers.delete(id)
        handle(id)
      }, afterMs)
      // A server that stops does not wait for it.
      timer.unref()
      timers.set(id, timer)
    },
    unschedule,
    onDue(handler) {
      handle = handler
    },
    close() {
      for (const id of [...timers.keys()]) unschedule(id)
    },
  }
}
