import type { HeardCall } from './heard-output.ts'

/** What the platform saw of one POST. */
export interface Attempt {
  /** Null: there was no answer at all. */
  readonly status: number | null
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds from the POST to the first text or tool call; null if neither came. */
  readonly firstOutputMs: number | null
  readonly text: string
  readonly calls: readonly HeardCall[]
  readonly isDone: boolean
  readonly oddities: readonly string[]
  /** `left`: we closed it. `limit`: it was still open after its time, or held too much. `cut`: the other side broke it off. */
  readonly ending: 'whole' | 'left' | 'limit' | 'cut' | 'refused'
  /** When it was posted and when it ended; milliseconds of `performance.now()`. */
  readonly postedAt: number
  readonly endedAt: number
}

/** An attempt that was never made, since the call is over. */
export const NO_ATTEMPT: Attempt = {
  status: null,
  headers: {},
  firstOutputMs: null,
  text: '',
  calls: [],
  isDone: false,
  oddities: [],
  ending: 'refused',
  postedAt: 0,
  endedAt: 0,
}
