/** Work on one thing, one piece after the other. */
export interface Queue {
  /** The work must end by its own limit. */
  run<Result>(work: () => Promise<Result>): Promise<Result>
  isIdle(): boolean
}

export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve()
  let pending = 0
  return {
    run(work) {
      pending++
      const done = last.then(work).finally(() => pending--)
      // What failed is told to whoever asked for it, not to the next one.
      last = done.catch(() => undefined)
      return done
    },
    isIdle: () => pending === 0,
  }
}
