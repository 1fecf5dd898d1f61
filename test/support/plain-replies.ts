import { BUILT_IN_FALLBACK } from '../../src/turn/settings.ts'
import {
  abandonedBy,
  begunWrite,
  issuedBefore,
  placeOf,
  toWish,
  untoldBookings,
  type AwaitedWrite,
  type Decision,
  type PlainReply,
  type Question,
  type Wish,
} from './plain-coordination.ts'
import { uniqueWord } from './plain-caller.ts'

/** Who listens to a reply now, as the platforms' side knows it. */
export interface Listening {
  readonly isAlone: (reply: PlainReply) => boolean
  /** Nobody is there, or one of those who are reads on. */
  readonly hasRoom: (reply: PlainReply) => boolean
  /** The same for a platform call, which does not reach those who know no such tool. */
  readonly hasRoomForCall: (reply: PlainReply) => boolean
  /** One of those who stream has seen a sign of life. */
  readonly hasStarted: (reply: PlainReply) => boolean
  /** Characters of it that the one who got most of its stream has got. */
  readonly sentLength: (reply: PlainReply) => number
}

interface Effect {
  readonly waiting: Set<PlainReply>
  /** Null while it runs; `failed`, or what it gave. */
  outcome: string | null
}

interface Booking {
  readonly slot: string
  /** Nothing is begun while the caller may go on speaking. */
  readonly settles: boolean
  /** The slot of a platform call in the same step. */
  readonly thenTransfers: string | null
}

/** Where there is nothing to say. */
export const QUIET = '... '
const FAILED = 'failed'
/** A booking that settles is begun so long after the request; a reply that nobody waits for is over by then. */
export const SETTLE_MS = 3000

/** What becomes of every reply, told as plainly as can be; one server's whole memory. */
export function createPlainReplies(listening: Listening) {
  const { isAlone, hasRoom, hasRoomForCall, hasStarted, sentLength } = listening
  const all: PlainReply[] = []
  const effects = new Map<string, Effect>()
  let refs = 0

  const now = () => performance.now()
  const ofLine = (line: number) => all.filter((reply) => reply.line === line)

  function begin(
    { ask, line }: Pick<PlainReply, 'ask' | 'line'>,
    question: Question,
    { kind, goesOnFrom, start, refusesWrites }: Decision,
  ): PlainReply {
    const asking = kind === 'retry' || kind === 'late' ? 'speech' : kind
    const abandoned = abandonedBy(ofLine(line), question, goesOnFrom)
    const reply: PlainReply = {
      ask,
      line,
      question,
      asking,
      goesOnFrom,
      start,
      refusesWrites,
      issued: issuedBefore(ofLine(line), asking, goesOnFrom),
      abandoned,
      untold: untoldBookings({ question, abandoned }),
      awaits: question.shown.filter(begunWrite),
      startedAt: now(),
      said: '',
      endedLength: 0,
      excuse: '',
      calls: [],
      bookings: [],
      waitsFor: null,
      status: 'running',
      ending: null,
      endedAt: 0,
      replays: 0,
      isDelivered: false,
      leftAt: null,
    }
    all.push(reply)
    return reply
  }

  function end(reply: PlainReply, status: 'finished' | 'failed' | 'aborted'): void {
    if (reply.status !== 'running') return
    Object.assign(reply, { status, ending: null, endedAt: now() })
    const isSpoken = status === 'failed' && reply.excuse !== '' && !isAlone(reply)
    if (status === 'finished' || isSpoken) return
    // What was said while nobody could take it was never said.
    const sent = sentLength(reply)
    reply.excuse = reply.excuse.slice(0, Math.max(0, sent - reply.said.length))
    reply.said = reply.said.slice(0, sent)
  }

  /** It ends once its last words or calls were taken. */
  function endWhenTaken(reply: PlainReply, status: 'finished' | 'failed'): void {
    if (reply.status !== 'running') return
    if (hasRoom(reply)) end(reply, status)
    else reply.ending = status
  }

  function conclude(reply: PlainReply): void {
    if (reply.said !== '' || reply.calls.length > 0) end(reply, 'finished')
    else if (reply.asking !== 'follow_up') fail(reply)
    else {
      reply.said = QUIET
      endWhenTaken(reply, 'finished')
    }
  }

  /** To those who have seen a sign of life a failure can only be spoken. */
  function fail(reply: PlainReply): void {
    if (hasStarted(reply)) {
      // The space after its last word is held back until the model goes on, or ends.
      const { said, endedLength } = reply
      const words = said.slice(0, endedLength) + said.slice(endedLength).trimEnd()
      reply.said = words
      reply.excuse = words === '' ? BUILT_IN_FALLBACK : `... ${BUILT_IN_FALLBACK}`
      endWhenTaken(reply, 'failed')
    } else end(reply, 'failed')
  }

  function transfer(reply: PlainReply, slot: string): void {
    if (reply.status !== 'running') return
    if (!reply.issued.includes(slot)) {
      reply.calls.push(slot)
      if (hasRoomForCall(reply)) end(reply, 'finished')
      else reply.ending = 'finished'
    } else if (reply.said !== '') end(reply, 'finished')
  }

  function book(reply: PlainReply, { slot, settles, thenTransfers }: Booking): void {
    reply.endedLength = reply.said.length
    // A call that is refused because it was made before does not end the turn beside another one.
    if (reply.refusesWrites) {
      transferBeside(reply, thenTransfers)
      return
    }
    const wish = toWish(reply, slot)
    const dueAt = reply.startedAt + SETTLE_MS
    // What is under way already, or over, does not wait for the caller.
    const waits = settles && !effects.has(keyOf(reply, wish)) && now() < dueAt
    reply.waitsFor = { ...wish, thenTransfers, dueAt: waits ? dueAt : null }
    if (!waits) beginWrite(reply, reply.waitsFor)
  }

  function beginWrite(reply: PlainReply, write: AwaitedWrite): void {
    reply.waitsFor = { ...write, dueAt: null }
    const key = keyOf(reply, write)
    const known = effects.get(key)
    if (known?.outcome != null) takeOutcome(reply, reply.waitsFor, known.outcome)
    else if (known) known.waiting.add(reply)
    else effects.set(key, { waiting: new Set([reply]), outcome: null })
  }

  /** Nobody has spoken on for long enough. */
  function beginDueWrites(): void {
    const due = all.flatMap((reply) => {
      const { waitsFor: write } = reply
      const isDue = write !== null && write.dueAt !== null && write.dueAt <= now()
      return isDue ? [{ reply, write }] : []
    })
    due.sort((a, b) => (a.write.dueAt ?? 0) - (b.write.dueAt ?? 0))
    for (const { reply, write } of due) beginWrite(reply, write)
  }

  /** Another one takes its place: what it has not begun to book is not booked. */
  function supersede(reply: PlainReply): void {
    if (!begunWrite(reply)) reply.waitsFor = null
    end(reply, 'aborted')
  }

  function transferBeside(reply: PlainReply, slot: string | null): void {
    if (slot !== null && !reply.issued.includes(slot)) transfer(reply, slot)
  }

  function takeOutcome(reply: PlainReply, { thenTransfers, ...wish }: AwaitedWrite, ref: string) {
    reply.waitsFor = null
    if (ref !== FAILED) reply.bookings.push({ ...wish, ref })
    transferBeside(reply, thenTransfers)
  }

  /** What was under way has ended: this is where it leads to. */
  function beginAnew(reply: PlainReply): void {
    if (reply.awaits.length === 0 || reply.awaits.some(({ waitsFor }) => waitsFor)) return
    reply.awaits = []
    reply.start = placeOf(reply.question, reply.goesOnFrom)
    reply.untold = untoldBookings(reply)
  }

  /** Returns what the tool is to give; throws if no reply waits for it. */
  function finishEffect(starter: PlainReply, isOk: boolean): string | null {
    const effect = starter.waitsFor && effects.get(keyOf(starter, starter.waitsFor))
    if (!effect) throw new Error(`nobody booked for ${starter.ask}`)
    const ref = isOk ? uniqueWord(++refs) : FAILED
    effect.outcome = ref
    for (const reply of effect.waiting) {
      if (reply.waitsFor) takeOutcome(reply, reply.waitsFor, ref)
    }
    all.forEach(beginAnew)
    return isOk ? ref : null
  }

  return {
    all,
    ofLine,
    begunBy: (ask: number) => all.find((reply) => reply.ask === ask),
    begin,
    end,
    /** Somebody takes words again. */
    roomCame(reply: PlainReply) {
      if (reply.ending) end(reply, reply.ending)
    },
    /** The model has nothing more to say. */
    conclude,
    fail,
    transfer,
    book,
    beginDueWrites,
    supersede,
    isSettling: () => all.some(({ waitsFor }) => waitsFor !== null && waitsFor.dueAt !== null),
    finishEffect,
    /** The caller has been asked often enough whether they are still there: no model is waited for. */
    keepQuiet(reply: PlainReply, isListenedTo: boolean) {
      reply.said = QUIET
      if (isListenedTo) endWhenTaken(reply, 'finished')
      else end(reply, 'finished')
    },
  }
}

/** What makes two bookings the same wish. */
export function keyOf({ line }: PlainReply, { exchange, generation, slot }: Wish): string {
  return `${line} ${exchange} ${generation} ${slot}`
}
