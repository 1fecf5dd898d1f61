import type { Transition } from '../flow/edges.ts'
import type { Position, Variables } from '../flow/position.ts'
import type { Kind } from './kinds.ts'
import type { MessageCall } from './message.ts'

/** A server tool call that was answered inside a turn. */
export interface AnsweredCall extends MessageCall {
  readonly result: string
}

/** A server tool that changes something. */
export interface JournalledEffect extends Omit<MessageCall, 'id'> {
  /** `waiting`: called and not begun; `cancelled`: it never was, and never will be. */
  status: 'waiting' | 'running' | 'ok' | 'failed' | 'unknown' | 'cancelled'
  /** In which it was asked for first: part of its key. */
  readonly exchange: number
  /** Earlier effects of this wish and exchange that are told or undone; part of its key. */
  readonly generation: number
  /** What the tool's templates took from the conversation besides: a digest of the values. */
  readonly given: string
  /** How it is undone if the caller is never told of it; null if it cannot be. */
  undo: Undo | null
}

/** A server tool that takes back what another one did. */
export interface Undo extends Omit<MessageCall, 'id'> {
  status: 'due' | 'running' | 'ok' | 'failed' | 'unknown'
}

/** The words that a caller has to say yes to before a tool runs. */
export interface ReadBack {
  readonly tool: string
  /** Of the tool, its arguments and the words. */
  readonly digest: string
}

/** Sent text: `answer` is what the turn had to say, `filler` only kept the line alive. */
export interface Piece {
  readonly type: 'filler' | 'answer'
  text: string
}

/** What a turn did to the conversation's place in the flow, in order. */
export type Change =
  | { readonly type: 'transition'; readonly transition: Transition }
  | { readonly type: 'assignment'; readonly values: Variables }

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

interface Sent {
  /** Of the text of all pieces. */
  characters: number
  /** Of the platform calls. */
  calls: number
  /** The end of the answer (`[DONE]`) was flushed to a caller's socket. */
  isWhole: boolean
  /** Who ended the last connection first: a caller that hung up, or the server with a whole answer. */
  closedBy: 'caller' | 'server' | null
}

/** What is known of a turn when it begins. */
interface TurnStart {
  parent: JournalTurn | null
  readonly kind: Kind
  readonly exchange: number
  /** The user speech it answers; empty if there was none. */
  readonly userText: string
  /** Where it began, after the edges that followed from the history. */
  start: Position
  /** It entered a state whose `say` it begins with. */
  saysOnEntry: boolean
  /** Edges that were taken on the way to its start; they count towards the turn's limit. */
  transitionsBefore: number
  /** It answers half a sentence: nothing may be changed by it. */
  readonly refusesWrites: boolean
  /** What of the history it goes on from, where no user speech tells that: see `tailKeyOf`. */
  readonly tailKey: string
  /** What was said before any user speech, of a turn on the root: see `greetingKeyOf`. */
  readonly greetingKey: string
  readonly startedAt: number
  /** The instance of the server that it runs in. */
  readonly owner: string
}

/**
 * One attempt to answer an exchange: a node of the journal. Once ended it says nothing more; later
 * requests note only what was heard, delivered and given again, and a write that outlives it its result.
 */
export interface JournalTurn extends TurnStart {
  readonly id: number
  readonly children: JournalTurn[]
  readonly pieces: Piece[]
  readonly changes: Change[]
  readonly serverCalls: AnsweredCall[]
  /** Those of the server calls that the world remembers. */
  readonly effects: JournalledEffect[]
  /** Calls that were sent to the platform. */
  readonly platformCalls: MessageCall[]
  status: 'running' | 'finished' | 'failed' | 'aborted'
  /** How the model ended; for a replay. */
  finishReason: FinishReason
  /** Milliseconds of the same clock as `startedAt`; 0 while it runs. */
  endedAt: number
  /** How often the finished answer was given again. */
  replays: number
  /** What of it left for a caller, of the one that got most. */
  readonly sent: Sent
  /** A later history showed some of it. */
  shown: boolean
  /** Another request has taken its place: it says and begins nothing more. */
  superseded: boolean
  /** What the platform says was heard of it, where the caller spoke over it; null: it did not say. */
  heardText: string | null
  /** What its last sentence asked the caller to confirm. */
  readBack: ReadBack | null
}

/** A conversation's tree of turns, newest last in `turns`. Its root is the empty conversation. */
export interface Journal {
  readonly children: JournalTurn[]
  readonly turns: JournalTurn[]
  nextId: number
  /** The turn that answers what the caller said last, as far as anybody knows. */
  latest: JournalTurn | null
}

export function createJournal(): Journal {
  return { children: [], turns: [], nextId: 1, latest: null }
}

/** A turn is a continuation when it adds to an exchange that another turn began to answer. */
export function isContinuation(turn: JournalTurn): boolean {
  return turn.kind === 'silence' || turn.kind === 'follow_up'
}

/** What a conversation may keep in memory; beyond it, its oldest turns are forgotten. */
export interface JournalLimits {
  readonly maxTurns: number
  /** Of texts, calls and results. */
  readonly maxCharacters: number
}

export function addTurn(journal: Journal, start: TurnStart, limits: JournalLimits): JournalTurn {
  // Field by field: an object that is spread from another one takes several times the memory.
  const turn: JournalTurn = {
    id: journal.nextId,
    parent: start.parent,
    children: [],
    kind: start.kind,
    exchange: start.exchange,
    userText: start.userText,
    start: start.start,
    saysOnEntry: start.saysOnEntry,
    transitionsBefore: start.transitionsBefore,
    refusesWrites: start.refusesWrites,
    tailKey: start.tailKey,
    greetingKey: start.greetingKey,
    startedAt: start.startedAt,
    pieces: [],
    changes: [],
    serverCalls: [],
    effects: [],
    platformCalls: [],
    status: 'running',
    finishReason: 'stop',
    endedAt: 0,
    replays: 0,
    sent: { characters: 0, calls: 0, isWhole: false, closedBy: null },
    shown: false,
    superseded: false,
    heardText: null,
    readBack: null,
    owner: start.owner,
  }
  journal.nextId += 1
  journal.turns.push(turn)
  childrenOf(journal, turn.parent).push(turn)
  // Its own weight makes room for no others: one huge text must not cost the conversation its past.
  let characters = charactersOf(journal) - charactersOfTurn(turn)
  while (journal.turns.length > limits.maxTurns || characters > limits.maxCharacters) {
    const dropped = dropOldest(journal, turn)
    if (!dropped) break
    characters -= charactersOfTurn(dropped)
  }
  return turn
}

/** It says something still, and nobody has said that it shall end. */
export function isLive({ status, superseded }: JournalTurn): boolean {
  return status === 'running' && !superseded
}

/** It says something still, or is going to change something. */
export function isUnderWay({ status, effects }: JournalTurn): boolean {
  return status === 'running' || effects.some((effect) => effect.status === 'waiting')
}

export function hasRunningTurn({ turns }: Journal): boolean {
  return turns.some((turn) => turn.status === 'running')
}

/** How much text a journal holds. */
export function charactersOf(journal: Journal): number {
  return journal.turns.reduce((sum, turn) => sum + charactersOfTurn(turn), 0)
}

function charactersOfTurn(turn: JournalTurn): number {
  // Twice: user speech is also kept in the form that it is compared by.
  let characters = 2 * turn.userText.length + (turn.heardText?.length ?? 0)
  for (const { text } of turn.pieces) characters += text.length
  for (const call of turn.platformCalls) characters += call.arguments.length
  for (const call of turn.serverCalls) characters += call.arguments.length + call.result.length
  return characters
}

export function childrenOf(journal: Journal, node: JournalTurn | null): JournalTurn[] {
  return node ? node.children : journal.children
}

/**
 * Forgets the oldest ended turn, one that nothing stands on if there is any; what stood on it then
 * stands on its parent. Null if all others are running.
 */
function dropOldest(journal: Journal, newest: JournalTurn): JournalTurn | null {
  const ended = (turn: JournalTurn) => turn !== newest && turn.status !== 'running'
  const leaf = journal.turns.find((turn) => ended(turn) && turn.children.length === 0)
  const dropped = leaf ?? journal.turns.find(ended)
  if (!dropped) return null
  journal.turns.splice(journal.turns.indexOf(dropped), 1)
  const siblings = childrenOf(journal, dropped.parent)
  siblings.splice(siblings.indexOf(dropped), 1, ...dropped.children)
  for (const child of dropped.children) child.parent = dropped.parent
  return dropped
}

/** Adds sent text; neighbouring text of one type is one piece. */
export function appendText(turn: JournalTurn, type: Piece['type'], text: string): void {
  const last = turn.pieces.at(-1)
  if (last?.type === type) last.text += text
  else turn.pieces.push({ type, text })
}

interface TurnEnding {
  readonly status: Exclude<JournalTurn['status'], 'running'>
  readonly finishReason?: FinishReason
  readonly now: number
  /** Those who listen are going to get all that was said. */
  readonly willBeSent?: boolean
}

/** Ends a turn; what an unfinished one had said into the void was never said. */
export function endTurn(
  turn: JournalTurn,
  { status, finishReason, now, willBeSent = false }: TurnEnding,
): void {
  if (turn.status !== 'running') return
  turn.status = status
  turn.endedAt = now
  if (finishReason) turn.finishReason = finishReason
  if (status === 'finished' || willBeSent) return
  cutPieces(turn.pieces, turn.sent.characters)
  turn.platformCalls.splice(turn.sent.calls)
}

function cutPieces(pieces: Piece[], characters: number): void {
  let left = characters
  for (const [index, piece] of pieces.entries()) {
    if (left <= 0) {
      pieces.splice(index)
      return
    }
    piece.text = piece.text.slice(0, left)
    left -= piece.text.length
  }
}

/** All that was sent, as one text. */
export function replyText(turn: JournalTurn): string {
  return turn.pieces.length === 1
    ? (turn.pieces[0]?.text ?? '')
    : turn.pieces.map((piece) => piece.text).join('')
}

/** Something of an answer left the server. */
export function wasAnswered(turn: JournalTurn): boolean {
  return turn.pieces.length > 0 || turn.platformCalls.length > 0
}
