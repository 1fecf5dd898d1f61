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

/** A booking by what makes it the same one: who asks for it again gets what it gave. */
export interface Wish {
  readonly slot: string
  /** In which it was asked for first. */
  readonly exchange: number
  /** How often it was done for that exchange before, and the caller told. */
  readonly generation: number
}

/** A write that a reply waits for. */
export interface AwaitedWrite extends Wish {
  /** It is begun then, unless the caller goes on speaking; null once it was begun. */
  readonly dueAt: number | null
  /** The slot of the platform call that goes out after it. */
  readonly thenTransfers: string | null
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
  /** Where it begins, once nothing more is under way that it goes on from. */
  start: Place
  readonly refusesWrites: boolean
  /** Slots of platform calls that went out before for the same, and that the history does not show. */
  readonly issued: readonly string[]
  /** The replies that were over when it began, and that it does not go on from. */
  readonly abandoned: readonly PlainReply[]
  /** What was done in answers that nobody heard, by slot. */
  untold: ReadonlyMap<string, Wish>
  /** The caller spoke over them, and each has a booking under way: no model is asked before it ends. */
  awaits: readonly PlainReply[]
  readonly startedAt: number
  said: string
  /** Characters of it from model calls that have ended, whose last space was sent too. */
  endedLength: number
  /** What was said instead of the rest when it failed. */
  excuse: string
  /** Slots of its platform calls. */
  readonly calls: string[]
  /** What its writes gave, in order. */
  readonly bookings: (Wish & { readonly ref: string })[]
  waitsFor: AwaitedWrite | null
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

/** Where a conversation stands of which the history shows this. */
export function placeOf({ shown }: Question, goesOnFrom: PlainReply | null): Place {
  const last = goesOnFrom ?? shown.at(-1)
  return last ? placeAfter(last) : { state: 'a' }
}

/** The slots of platform calls that went out for the same, and that the history does not show. */
export function issuedBefore(
  replies: readonly PlainReply[],
  asking: Asking,
  goesOnFrom: PlainReply | null,
): readonly string[] {
  if (asking !== 'opening') return goesOnFrom ? [...goesOnFrom.issued, ...goesOnFrom.calls] : []
  const openings = replies.filter((reply) => reply.asking === 'opening')
  return openings.flatMap(({ isDelivered, calls }) => (isDelivered ? calls : []))
}

/** A reply, and those whose calls it goes on from. */
function withOrigins(reply: PlainReply): readonly PlainReply[] {
  return reply.goesOnFrom ? [reply, ...withOrigins(reply.goesOnFrom)] : [reply]
}

function pathOf({ shown }: Question): readonly PlainReply[] {
  return [...new Set(shown.flatMap(withOrigins))]
}

/** Those that are over, and that the conversation does not go on from. */
export function abandonedBy(
  replies: readonly PlainReply[],
  question: Question,
  goesOnFrom: PlainReply | null,
): readonly PlainReply[] {
  const going = new Set([...pathOf(question), ...(goesOnFrom ? withOrigins(goesOnFrom) : [])])
  return replies.filter((reply) => reply.status !== 'running' && !going.has(reply))
}

/**
 * What was or is being booked in abandoned answers, as long as nothing that the conversation goes on
 * from did the very same; and what the latter have begun and not ended.
 */
export function untoldBookings({
  question,
  abandoned,
}: Pick<PlainReply, 'question' | 'abandoned'>): PlainReply['untold'] {
  const path = pathOf(question)
  const told = new Set(path.flatMap(({ bookings }) => bookings.map(textOf)))
  const orphans = abandoned.flatMap((reply) => [...reply.bookings, begunWrite(reply) ?? []])
  const begun = path.flatMap((reply) => begunWrite(reply) ?? [])
  const done = new Map([...orphans, ...begun].flat().map((wish) => [textOf(wish), wish]))
  const untold = [...done].flatMap(([text, wish]) => (told.has(text) ? [] : [wish]))
  return new Map(untold.map((wish) => [wish.slot, wish]))
}

/** The write that it waits for, if that can not be cancelled any more. */
export function begunWrite({ waitsFor }: PlainReply): AwaitedWrite | null {
  return waitsFor?.dueAt === null ? waitsFor : null
}

/** It says something still, or is going to book. */
function isUnderWay({ status, waitsFor }: PlainReply): boolean {
  return status === 'running' || (waitsFor !== null && waitsFor.dueAt !== null)
}

function textOf({ exchange, generation, slot }: Wish): string {
  return `${exchange} ${generation} ${slot}`
}

/** Nothing that was done and not told is done again; what another exchange has told is. */
export function toWish({ question, untold }: PlainReply, slot: string): Wish {
  const { exchange } = question
  const told = pathOf(question)
    .filter((reply) => reply.question.exchange !== exchange)
    .flatMap(({ bookings }) => bookings)
    .filter((booking) => booking.exchange === exchange && booking.slot === slot)
  return untold.get(slot) ?? { slot, exchange, generation: told.length }
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
  const longer = replies.findLast((reply) => saysMore(reply, question))
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
  const underWay = replies.filter(isUnderWay)
  const fold = placeOf(question, from ?? null)
  return {
    answer,
    kind,
    reply: answer === 'generate' ? null : again,
    goesOnFrom: from ?? null,
    start:
      again && (answer !== 'generate' || kind === 'retry' || kind === 'late') ? again.start : fold,
    refusesWrites: kind === 'late',
    superseded: underWay.filter(
      (reply) =>
        question.shown.includes(reply) ||
        (answer !== 'join' && mustYield(reply, { kind, answer, question })),
    ),
  }
}

/** It answers a longer text that begins with these words, and has not ended. */
function saysMore(reply: PlainReply, { asking, place, words }: Question): boolean {
  return (
    asking === 'speech' &&
    reply.status === 'running' &&
    reply.asking === 'speech' &&
    reply.question.place === place &&
    reply.question.words.startsWith(`${words} `)
  )
}

function answerAgain(reply: PlainReply, kind: Decision['kind'], now: number): Decision['answer'] {
  if (reply.status === 'running') return 'join'
  const isFresh = now - reply.endedAt < REPLAY_WITHIN_MS && reply.replays < MOST_REPLAYS
  return kind !== 'silence' && reply.status === 'finished' && isFresh ? 'replay' : 'generate'
}

type Asked = Pick<Decision, 'kind' | 'answer'> & { readonly question: Question }

/** Words that are answered anew end all else; given again, only what else was begun in their place. */
function mustYield(reply: PlainReply, { kind, answer, question }: Asked): boolean {
  const isAnew = answer === 'generate'
  if (kind === 'speech') return true
  if (kind === 'retry') {
    const isHere = !reply.goesOnFrom && reply.question.place === question.place
    return isAnew || isHere
  }
  if (kind !== 'follow_up' || !isAnew || saysMore(reply, question)) return false
  return reply.question.exchange === question.exchange
}
