/*
 * What a server must do about requests that come again, too early or too late, told as plainly as can
 * be: no journal, no matching of words. It is told which replies a history shows.
 */

type Asking = 'opening' | 'silence' | 'follow_up' | 'speech'

/** What a request asks, and where. */
export interface Question {
  /** Which conversation it is, whose, after which reply, in which exchange. */
  readonly place: string
  readonly exchange: number
  readonly asking: Asking
  /** The caller's open words, or what a platform's tool gave; empty for a silence. */
  readonly words: string
  /** The replies of which the history shows something, in order. */
  readonly shown: readonly PlainReply[]
}

interface Place {
  readonly state: 'a' | 'b'
  readonly ref?: string
}

/** One generated answer. */
export interface PlainReply {
  /** Of the request that it was begun for. */
  readonly ask: number
  readonly line: number
  readonly question: Question
  readonly asking: Asking
  /** The reply whose delivered platform call it goes on from, though the history does not show it. */
  readonly goesOnFrom: PlainReply | null
  readonly start: Place
  readonly refusesWrites: boolean
  /** What was done in answers that nobody heard: slots, and in which exchange they were booked. */
  readonly untold: ReadonlyMap<string, number>
  readonly startedAt: number
  said: string
  /** What was said instead of the rest when it failed. */
  excuse: string
  /** Slots of its platform calls. */
  readonly calls: string[]
  /** What its writes gave, in order, and in which exchange each was asked for first. */
  readonly bookings: { readonly slot: string; readonly exchange: number; readonly ref: string }[]
  /** A write that it waits for; and the platform call that goes out after it. */
  waitsFor: {
    readonly slot: string
    readonly exchange: number
    readonly thenTransfers: string | null
  } | null
  status: 'running' | 'finished' | 'failed' | 'aborted'
  /** It ends so as soon as some caller's socket has room for its last words. */
  ending: 'finished' | 'failed' | null
  endedAt: number
  replays: number
  isDelivered: boolean
  /** Since when nobody listens. */
  leftAt: number | null
}

export interface Decision {
  readonly answer: 'join' | 'replay' | 'generate'
  readonly kind: Asking | 'retry' | 'late'
  /** The reply that is joined or given again. */
  readonly reply: PlainReply | null
  readonly goesOnFrom: PlainReply | null
  readonly start: Place
  readonly refusesWrites: boolean
  readonly superseded: readonly PlainReply[]
}

const MOST_STEPS = 3
const REPLAY_WITHIN_MS = 15_000
const MOST_REPLAYS = 3
const LATE_WITHIN_MS = 3000

/** Every booking leads to the other state, as far as the steps of one turn go. */
function placeAfter({ start, bookings }: PlainReply): Place {
  const isOdd = Math.min(bookings.length, MOST_STEPS) % 2 === 1
  const state = !isOdd ? start.state : start.state === 'a' ? 'b' : 'a'
  const ref = bookings.at(-1)?.ref ?? start.ref
  return ref === undefined ? { state } : { state, ref }
}

/** The slots of platform calls that went out on the way here, and that the history does not show. */
export function issuedBefore(reply: PlainReply): readonly string[] {
  const from = reply.goesOnFrom
  return from ? [...issuedBefore(from), ...from.calls] : []
}

/** A reply, and those whose calls it goes on from. */
function withOrigins(reply: PlainReply): readonly PlainReply[] {
  return reply.goesOnFrom ? [reply, ...withOrigins(reply.goesOnFrom)] : [reply]
}

/**
 * What was or is being booked in answers that are over and that the conversation does not go on from,
 * as long as nothing that it goes on from did the same; and what the latter have begun and not ended.
 */
export function untoldBookings(
  replies: readonly PlainReply[],
  { shown }: Question,
  goesOnFrom: PlainReply | null,
): ReadonlyMap<string, number> {
  const path = new Set(shown.flatMap(withOrigins))
  const told = new Set([...path].flatMap(({ bookings }) => bookings.map(({ slot }) => slot)))
  const going = new Set([...path, ...(goesOnFrom ? withOrigins(goesOnFrom) : [])])
  const abandoned = replies.filter((reply) => reply.status !== 'running' && !going.has(reply))
  const orphans = abandoned.flatMap(({ bookings, waitsFor }) =>
    [...bookings, waitsFor ?? []].flat(),
  )
  const begun = [...path].flatMap(({ waitsFor }) => waitsFor ?? [])
  return new Map(
    [...orphans, ...begun]
      .filter(({ slot }) => !told.has(slot))
      .map(({ slot, exchange }) => [slot, exchange]),
  )
}

/** All replies are those of one conversation, the oldest first. */
export function decide(replies: readonly PlainReply[], question: Question, now: number): Decision {
  const same = replies.filter((reply) => !reply.goesOnFrom && isSame(reply.question, question))
  // A silence that was answered in words alone is over.
  const last = same.findLast(({ asking, calls }) => asking !== 'silence' || calls.length > 0)
  const from =
    question.asking !== 'opening' && last && hasDeliveredCall(last)
      ? lastDelivered(replies, last)
      : null
  if (from) {
    const siblings = replies.filter((reply) => reply.goesOnFrom === from)
    return repeat(replies, { question, now, kind: 'follow_up', again: newest(siblings), from })
  }
  if (question.asking !== 'speech') {
    return repeat(replies, { question, now, kind: question.asking, again: newest(same) })
  }
  const again = newest(same)
  const longer = replies.findLast(
    (reply) =>
      reply.status === 'running' &&
      reply.asking === 'speech' &&
      reply.question.place === question.place &&
      reply.question.words.startsWith(`${question.words} `),
  )
  if (again && (again.status === 'running' || !longer)) {
    return repeat(replies, { question, now, kind: 'retry', again })
  }
  const isLate = longer && (again || now - longer.startedAt < LATE_WITHIN_MS)
  if (!isLate) return repeat(replies, { question, now, kind: 'speech' })
  // Half a sentence has no effects, be it for the second time: no call goes out with it.
  const isHarmless = again?.calls.length === 0
  return repeat(replies, { question, now, kind: 'late', again, isHarmless })
}

function isSame(one: Question, other: Question): boolean {
  return one.place === other.place && one.asking === other.asking && one.words === other.words
}

function hasDeliveredCall({ status, isDelivered, calls }: PlainReply): boolean {
  return status === 'finished' && isDelivered && calls.length > 0
}

/** Follow-ups can bring platform calls of their own. */
function lastDelivered(replies: readonly PlainReply[], first: PlainReply): PlainReply {
  const next = replies.findLast((reply) => reply.goesOnFrom === first)
  return next && hasDeliveredCall(next) ? lastDelivered(replies, next) : first
}

function newest(replies: readonly PlainReply[]): PlainReply | null {
  return replies.find((reply) => reply.status === 'running') ?? replies.at(-1) ?? null
}

interface Repetition {
  readonly question: Question
  readonly now: number
  readonly kind: Decision['kind']
  /** The answer to the very same request. */
  readonly again?: PlainReply | null
  /** It may be given again. */
  readonly isHarmless?: boolean
  readonly from?: PlainReply
}

function repeat(
  replies: readonly PlainReply[],
  { question, now, kind, again = null, isHarmless = true, from }: Repetition,
): Decision {
  const answer = again && isHarmless ? answerAgain(again, kind, now) : 'generate'
  const { exchange, shown } = question
  const running = replies.filter(({ status }) => status === 'running')
  const last = from ?? shown.at(-1)
  const fold: Place = last ? placeAfter(last) : { state: 'a' }
  return {
    answer,
    kind,
    reply: answer === 'generate' ? null : again,
    goesOnFrom: from ?? null,
    start:
      again && (answer !== 'generate' || kind === 'retry' || kind === 'late') ? again.start : fold,
    refusesWrites: kind === 'late' || (kind === 'retry' && again?.refusesWrites === true),
    superseded: running.filter(
      (reply) =>
        shown.includes(reply) || (answer === 'generate' && mustYield(reply, kind, exchange)),
    ),
  }
}

function answerAgain(reply: PlainReply, kind: Decision['kind'], now: number): Decision['answer'] {
  if (reply.status === 'running') return 'join'
  const isFresh = now - reply.endedAt < REPLAY_WITHIN_MS && reply.replays < MOST_REPLAYS
  return kind !== 'silence' && reply.status === 'finished' && isFresh ? 'replay' : 'generate'
}

function mustYield(reply: PlainReply, kind: Decision['kind'], exchange: number): boolean {
  if (kind === 'retry' || kind === 'speech') return true
  const isContinuation = reply.asking === 'silence' || reply.asking === 'follow_up'
  return kind === 'follow_up' && isContinuation && reply.question.exchange === exchange
}
