import { replyText, type JournalTurn } from '../../conversation/journal.ts'
import { TurnstateError } from '../../errors.ts'
import type { ServerToolEvent, TurnEvent, TurnListener } from '../turn.ts'

/** One who listens to a turn: a place in what was said, and a socket that may be full. */
export interface Follower {
  /** Its socket takes more. Then it has got all there is. */
  readonly canWrite: () => boolean
  /** It hears what is said as it is said. */
  readonly streams: boolean
  /** It has seen a sign of life of a stream. */
  readonly hasStarted: () => boolean
  readonly hasHeardNothing: () => boolean
  /** Hands on one event; only to one who has drain. */
  tell(event: TurnEvent): void
  /** All that it has missed in one piece, as far as its socket takes it. */
  catchUp(): void
  readonly showTool: (event: ServerToolEvent) => void
  /** A sign of life, if there was none for a second. */
  showLife(): void
  /** It has got all there will be. */
  end(): void
  /** Resolves at its end; rejects with `caller_gone` when it hangs up. */
  readonly ended: Promise<void>
}

interface FollowerOptions {
  readonly turn: JournalTurn
  readonly listener: TurnListener
  readonly now: () => number
  /** Characters that were said so far. */
  readonly said: () => number
  readonly onDrain: () => void
  /** It hung up before its end. */
  readonly onGone: () => void
}

const QUIET_FOR_MS = 1000

export function createFollower(options: FollowerOptions): Follower {
  const { turn, listener, now, said, onDrain, onGone } = options
  let [characters, calls] = [0, 0]
  let [isFull, isOver, hasStarted] = [false, false, false]
  let lastEventAt = now()
  const { ended, end, fail } = createEnding(listener.signal, (isHangUp) => {
    isOver = true
    if (isHangUp && !turn.sent.isWhole) turn.sent.closedBy = 'caller'
    onGone()
  })

  function tell(event: TurnEvent): void {
    lastEventAt = now()
    hasStarted = true
    if (event.type === 'text-delta') characters += event.text.length
    if (event.type === 'tool-call') calls += 1
    // Nothing of an answer in one body has left before it is whole.
    if (listener.streams) noteSent(turn, Math.min(characters, said()), calls)
    const drained = attempt(() => listener.onEvent(event))
    if (!drained) return
    isFull = true
    drained.then(() => {
      isFull = false
      if (!isOver) onDrain()
    }, fail)
  }

  /** What breaks for one of them is nothing to the others. */
  function attempt<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      fail(error)
      return undefined
    }
  }

  return {
    streams: listener.streams,
    canWrite: () => !isFull,
    hasStarted: () => (hasStarted && listener.streams) || listener.speaksFailures === true,
    hasHeardNothing: () => characters + calls === 0,
    tell,
    showTool: (event) => attempt(() => listener.onServerTool?.(event)),
    catchUp() {
      while (!isFull && !isOver) {
        const call = turn.platformCalls[calls]
        // Of a turn that was cut short there can be less than was said.
        const text = characters < said() ? replyText(turn).slice(characters, said()) : ''
        if (text !== '') tell({ type: 'text-delta', text })
        else if (call) tell({ type: 'tool-call', call })
        else return
      }
    },
    showLife() {
      if (!listener.streams || isFull || now() - lastEventAt < QUIET_FOR_MS) return
      tell({ type: 'keep-alive' })
    },
    end() {
      isOver = true
      end()
    },
    ended,
  }
}

function noteSent({ sent }: JournalTurn, characters: number, calls: number): void {
  sent.characters = Math.max(sent.characters, characters)
  sent.calls = Math.max(sent.calls, calls)
}

function createEnding(signal: AbortSignal, onGone: (isHangUp: boolean) => void) {
  let end: () => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const ended = new Promise<void>((resolve, reject) => {
    const settle = () => signal.removeEventListener('abort', hangUp)
    const hangUp = () => {
      reject(new TurnstateError('caller_gone', 'The caller is gone.'))
      onGone(true)
    }
    signal.addEventListener('abort', hangUp, { once: true })
    end = () => {
      settle()
      resolve()
    }
    fail = (error) => {
      settle()
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever a listener throws
      reject(error)
      onGone(false)
    }
  })
  return { ended, end, fail }
}
