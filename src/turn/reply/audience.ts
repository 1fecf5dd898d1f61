import { replyText, type JournalTurn } from '../../conversation/journal.ts'
import { TurnstateError } from '../../errors.ts'
import { createFollower, type Follower } from './follower.ts'
import type { ServerToolEvent, TurnEvent, TurnListener } from '../turn.ts'

type Said = Exclude<TurnEvent, { readonly type: 'keep-alive' }>

/**
 * All who listen to one turn. What was said so far stands in the journal, so nobody needs a buffer:
 * a follower is a place in the text, and catches up whenever its own socket has drain.
 */
export interface Audience {
  /**
   * Hands on what has just been journalled. The promise pauses the turn while none of the followers
   * has room; one who reads on is enough.
   */
  publish(event: Said): void | Promise<void>
  /** Shows those who want to know it what the server's own tools do. */
  showTool(event: ServerToolEvent): void
  /**
   * Follows from the beginning. Resolves when the listener has got all there is after `close`;
   * rejects with `caller_gone` when it hangs up.
   */
  follow(listener: TurnListener): Promise<void>
  isEmpty(): boolean
  /** Some of those who listen hear what is said as it is said. */
  isStreamed(): boolean
  /** Some of those who listen have seen a sign of life: a failure can only be spoken to them. */
  hasStarted(): boolean
  /** Nothing more will be said. A follower that has heard nothing at all gets `orElse`. */
  close(orElse?: string): void
}

interface Options {
  readonly turn: JournalTurn
  readonly now: () => number
  /** Somebody came, or the last one left before the end. */
  readonly onAudience: (isThere: boolean) => void
}

/** Checked this often, so that no gap between two events is longer than 1.5 s. */
const CHECK_EVERY_MS = 500

export function createAudience({ turn, now, onAudience }: Options): Audience {
  const followers = new Set<Follower>()
  const drain = createDrain()
  const timer = setInterval(() => {
    for (const follower of followers) follower.showLife()
  }, CHECK_EVERY_MS)
  let said = 0
  let closed = false
  let lastWords = ''

  function update(follower: Follower): void {
    follower.catchUp()
    if (closed && lastWords !== '' && follower.canWrite() && follower.hasHeardNothing()) {
      follower.tell({ type: 'text-delta', text: lastWords })
    }
    if (!follower.canWrite()) return
    if (closed && followers.delete(follower)) follower.end()
    drain.release()
  }

  function leave(follower: Follower): void {
    if (!followers.delete(follower)) return
    drain.release()
    if (followers.size === 0 && !closed) onAudience(false)
  }

  return {
    publish(event) {
      if (event.type === 'text-delta') said += event.text.length
      return tellAll(followers, event) ? undefined : drain.wait()
    },
    showTool(event) {
      for (const follower of followers) follower.showTool(event)
    },
    follow(listener) {
      if (listener.signal.aborted) {
        onAudience(followers.size > 0)
        return Promise.reject(new TurnstateError('caller_gone', 'The caller is gone.'))
      }
      const onDrain = () => update(follower)
      const onGone = () => leave(follower)
      const follower = createFollower({ turn, listener, now, said: () => said, onDrain, onGone })
      followers.add(follower)
      onAudience(true)
      update(follower)
      return follower.ended
    },
    isEmpty: () => followers.size === 0,
    isStreamed: () => [...followers].some((follower) => follower.streams),
    hasStarted: () => [...followers].some((follower) => follower.hasStarted()),
    close(orElse = '') {
      closed = true
      lastWords = orElse
      // What an unfinished turn said into the void was taken back.
      said = Math.min(said, replyText(turn).length)
      clearInterval(timer)
      for (const follower of followers) update(follower)
    },
  }
}

/** Whether one of them takes more, or there is none. */
function tellAll(followers: ReadonlySet<Follower>, event: Said): boolean {
  let canWrite = followers.size === 0
  for (const follower of followers) {
    if (follower.canWrite()) follower.tell(event)
    if (follower.canWrite()) canWrite = true
  }
  return canWrite
}

/** Lets one wait until somebody can take more. */
function createDrain() {
  let resolve: (() => void) | undefined
  let waiting: Promise<void> | undefined
  return {
    wait: () => (waiting ??= new Promise((release) => (resolve = release))),
    release() {
      resolve?.()
      resolve = undefined
      waiting = undefined
    },
  }
}
