import { childrenOf, isContinuation, type Journal, type JournalTurn } from './journal.ts'
import {
  matchContinuation,
  matchTurn,
  type Cursor,
  type ShownTurn,
  type TurnMatch,
} from './match-turn.ts'
import type { ConversationMessage } from './message.ts'
import type { AnsweredBlock, UserBlock, View } from './view.ts'
import { toWords } from './words.ts'

/** A history as a path in the journal. */
export interface Walk {
  /** The turns that the history shows, in its order. */
  readonly path: readonly ShownTurn[]
  /** The last matched turn under which the next exchange stands; null is the root. */
  readonly node: JournalTurn | null
  /** Answered blocks after the last matched turn. */
  readonly blocksAfter: number
  readonly matchedBlocks: number
  readonly sameTextBlocks: number
  /** Every answered block shows a whole turn. */
  readonly exact: boolean
  /** Some answered block shows no turn. */
  readonly hasForeign: boolean
  /** Blocks whose answer was not heard beyond its fillers: they count as not answered. */
  readonly unheard: ReadonlySet<AnsweredBlock>
  /** Their user speech, where nothing was heard after it: part of what is open now. */
  readonly carried: readonly ConversationMessage[]
}

interface BlockMatch extends TurnMatch {
  readonly sameText: boolean
}

// Every block is compared with several turns, and every turn with each request of its conversation.
const userKeys = new WeakMap<JournalTurn | UserBlock, string>()

function userKey(owner: JournalTurn | UserBlock, text: string): string {
  const known = userKeys.get(owner)
  if (known !== undefined) return known
  const key = toWords(text).join(' ')
  userKeys.set(owner, key)
  return key
}

/** Whether the turn answers this very user speech. */
export function sameUserText(turn: JournalTurn, user: UserBlock): boolean {
  return turn.userText === user.text || userKey(turn, turn.userText) === userKey(user, user.text)
}

/** Same user text first, then the longest match, then the one word for word, then the newest. */
function isBetter(match: BlockMatch, than: BlockMatch | null): boolean {
  if (!than) return true
  if (match.sameText !== than.sameText) return match.sameText
  if (match.fillersOnly !== than.fillersOnly) return than.fillersOnly
  if (match.byCall !== than.byCall) return match.byCall
  if (match.words !== than.words) return match.words > than.words
  return match.exact || !than.exact
}

/** The turn under `node` that the block shows. Candidates answer the same text or the same exchange. */
function matchBlock(
  candidates: readonly JournalTurn[],
  block: AnsweredBlock,
  exchange: number,
): BlockMatch | null {
  let best: BlockMatch | null = null
  for (const turn of candidates) {
    if (isContinuation(turn) || turn.kind === 'opening') continue
    const sameText = sameUserText(turn, block.user)
    if (!sameText && turn.exchange !== exchange) continue
    const match = matchTurn(turn, { messages: block.answer, index: 0, offset: 0 }, sameText)
    if (match && isBetter({ ...match, sameText }, best)) best = { ...match, sameText }
  }
  return best
}

/**
 * A block whose first text is foreign (the platform's own greeting or filler) can still go on with a
 * continuation that was journalled at this place.
 */
function matchAfterForeign(
  node: Pick<JournalTurn, 'children'>,
  messages: readonly ConversationMessage[],
  exchange: number,
): TurnMatch | null {
  const children = node.children.filter((child) => child.exchange === exchange)
  for (let index = 1; index < messages.length; index++) {
    const cursor: Cursor = { messages, index, offset: 0 }
    const match = matchContinuation({ children }, cursor, true)
    if (match) return { ...match, exact: false }
  }
  return null
}

/** User speech before and after an answer that was not heard is one block. */
export function mergeSpeech(carried: readonly ConversationMessage[], user: UserBlock): UserBlock {
  if (carried.length === 0) return user
  const messages = [...carried, ...user.messages]
  return { messages, text: messages.map((message) => message.text).join(' ') }
}

/** Walks the answered blocks along the journal from a node; null starts at the root. */
export function walkFrom(journal: Journal, start: JournalTurn | null, view: View): Walk {
  const path: ShownTurn[] = []
  let node = start
  let exchange = start?.exchange ?? 0
  let blocksAfter = 0
  let matchedBlocks = 0
  let sameTextBlocks = 0
  let exact = true
  let hasForeign = false
  const unheard = new Set<AnsweredBlock>()
  let carried: readonly ConversationMessage[] = []
  for (const answered of view.answered) {
    const block = { ...answered, user: mergeSpeech(carried, answered.user) }
    const children = childrenOf(journal, node)
    const match = matchBlock(children, block, exchange + blocksAfter + 1)
    if (match?.fillersOnly) {
      carried = block.user.messages
      unheard.add(answered)
      continue
    }
    carried = []
    const shown = match ?? matchAfterForeign({ children }, block.answer, exchange + blocksAfter + 1)
    const last = shown?.shown.at(-1)?.turn
    if (!shown || !last) {
      hasForeign = true
      exact = false
      blocksAfter++
      continue
    }
    path.push(...shown.shown)
    node = last
    exchange = last.exchange
    blocksAfter = 0
    matchedBlocks++
    if (match?.sameText) sameTextBlocks++
    if (!shown.exact) exact = false
  }
  return {
    path,
    node,
    blocksAfter,
    matchedBlocks,
    sameTextBlocks,
    exact,
    hasForeign,
    unheard,
    carried,
  }
}

/**
 * The path of the history. Usually it begins at the root; when its first answered block does not,
 * the head may have been cut (some platforms keep only a tail or a summary) and every node is tried.
 */
export function walk(journal: Journal, view: View): Walk {
  const fromRoot = walkFrom(journal, null, view)
  const first = view.answered[0]
  if (!first || journal.turns.length === 0 || isAnchored(fromRoot, first)) return fromRoot
  let best = fromRoot
  for (const start of journal.turns) {
    if (start.children.length === 0) continue
    const candidate = walkFrom(journal, start, view)
    if (candidate.matchedBlocks === 0) continue
    const gain =
      candidate.matchedBlocks - best.matchedBlocks || candidate.sameTextBlocks - best.sameTextBlocks
    if (gain > 0) best = candidate
  }
  return best
}

/** Whether the first answered block stands under the root with the same user text. */
function isAnchored(fromRoot: Walk, first: AnsweredBlock): boolean {
  const turn = fromRoot.path[0]
  return (
    turn !== undefined &&
    first.answer.includes(turn.message) &&
    !isContinuation(turn.turn) &&
    turn.turn.parent === null &&
    sameUserText(turn.turn, first.user)
  )
}
