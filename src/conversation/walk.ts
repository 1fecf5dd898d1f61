import { childrenOf, isContinuation, type Journal, type JournalTurn } from './journal.ts'
import { matchBlockOf } from './match-block.ts'
import { matchContinuation } from './match-turn.ts'
import type { ShownTurn, TurnMatch } from './turn-match.ts'
import type { Effort } from './match-words.ts'
import type { ConversationMessage } from './message.ts'
import { adoptKey, blockKey, sameUserText, turnKey } from './user-key.ts'
import { toUserBlock, type AnsweredBlock, type UserBlock, type View } from './view.ts'

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

interface BlockMatch {
  readonly match: TurnMatch
  readonly sameText: boolean
}

/** The one with its call, if it can be under its own id; then the longest, word for word, newest. */
function isBetter(match: TurnMatch, than: TurnMatch | null): boolean {
  if (!than) return true
  if (match.fillersOnly !== than.fillersOnly) return than.fillersOnly
  if (match.byCall !== than.byCall) return match.byCall
  if (match.byId !== than.byId) return match.byId
  if (match.words !== than.words) return match.words > than.words
  if (match.literal !== than.literal) return match.literal
  return match.exact || !than.exact
}

/** The turn under `node` that the block shows: one that answers the same text, or the same exchange. */
function matchBlock(
  candidates: readonly JournalTurn[],
  block: AnsweredBlock,
  exchange: number,
  effort: Effort,
): BlockMatch | null {
  const same: JournalTurn[] = []
  const others: JournalTurn[] = []
  effort.left -= candidates.length
  if (candidates.length > 1) adoptKey(block.user, candidates)
  for (const turn of candidates) {
    if (isContinuation(turn) || turn.kind === 'opening') continue
    if (sameUserText(turn, block.user)) same.push(turn)
    else if (turn.exchange === exchange) others.push(turn)
  }
  return bestOf(same, block, true, effort) ?? bestOf(others, block, false, effort)
}

function bestOf(
  turns: readonly JournalTurn[],
  block: AnsweredBlock,
  sameText: boolean,
  effort: Effort,
): BlockMatch | null {
  let best: TurnMatch | null = null
  for (const turn of turns) {
    if (effort.left <= 0) break
    const match = matchBlockOf(turn, block.answer, { sameUserText: sameText, effort })
    if (match && isBetter(match, best)) best = match
  }
  return best && { match: best, sameText }
}

/** Matches of blocks that follow a node directly. Walks from different nodes meet there. */
type KnownMatches = Map<JournalTurn | null, Map<AnsweredBlock, BlockMatch | null>>

function matchNext(
  node: JournalTurn | null,
  block: AnsweredBlock,
  known: KnownMatches,
  match: () => BlockMatch | null,
): BlockMatch | null {
  const ofNode = known.get(node) ?? new Map<AnsweredBlock, BlockMatch | null>()
  known.set(node, ofNode)
  const before = ofNode.get(block)
  if (before !== undefined) return before
  const found = match()
  ofNode.set(block, found)
  return found
}

/**
 * A block whose first text is foreign (the platform's own greeting or filler) can still go on with a
 * continuation that was journalled at this place.
 */
function matchAfterForeign(
  node: Pick<JournalTurn, 'children'>,
  messages: readonly ConversationMessage[],
  exchange: number,
  effort: Effort,
): TurnMatch | null {
  if (messages.length < 2) return null
  effort.left -= node.children.length
  const children = node.children.filter((child) => child.exchange === exchange)
  for (let index = 1; index < messages.length && children.length > 0; index++) {
    const match = matchContinuation({ children }, { messages, index, offset: 0 }, effort)
    if (match) return { ...match, exact: false }
  }
  return null
}

/** User speech before and after an answer that was not heard is one block. */
export function mergeSpeech(carried: readonly ConversationMessage[], user: UserBlock): UserBlock {
  if (carried.length === 0) return user
  return toUserBlock([...carried, ...user.messages])
}

/** What need not be tried when many starts are. */
interface Shortcuts {
  /** Matches of blocks that follow a node directly: walks from different nodes meet there. */
  readonly known: KnownMatches
  /** All user speech of the journal, in the form that it is compared by. */
  readonly texts: ReadonlySet<string>
  /** Index of the last block whose user speech is among them; -1 if there is none. */
  readonly lastKnown: number
  /** With more unmatched blocks a walk cannot become the best one. */
  readonly mayMiss: number
}

interface WalkContext {
  readonly journal: Journal
  readonly view: View
  readonly effort: Effort
  /** Null for the walk that must be made in any case. */
  readonly shortcuts: Shortcuts | null
}

/** Nothing here answers a later exchange. */
function isLast(children: readonly JournalTurn[], exchange: number): boolean {
  return !children.some((child) => child.exchange > exchange)
}

const CHARACTERS_PER_STEP = 4

/** Speech that was not answered goes on in the next block. */
function withCarried(
  answered: AnsweredBlock,
  carried: readonly ConversationMessage[],
  effort: Effort,
): AnsweredBlock {
  if (carried.length === 0) return answered
  const user = mergeSpeech(carried, answered.user)
  effort.left -= carried.length + user.text.length / CHARACTERS_PER_STEP
  return { answer: answered.answer, user }
}

interface Place {
  readonly node: JournalTurn | null
  readonly children: readonly JournalTurn[]
  readonly exchange: number
  /** The block follows the node directly, and is the view's own. */
  readonly isDirect: boolean
}

/** The turn under a node that the block shows, found as cheaply as possible. */
function matchAt(
  { node, children, exchange, isDirect }: Place,
  block: AnsweredBlock,
  { effort, shortcuts }: WalkContext,
): BlockMatch | null {
  const match = () => matchBlock(children, block, exchange, effort)
  if (!shortcuts) return match()
  const isKnown = shortcuts.texts.has(blockKey(block.user))
  if (!isKnown && !children.some((child) => child.exchange === exchange)) return null
  return isDirect ? matchNext(node, block, shortcuts.known, match) : match()
}

/** Walks the answered blocks along the journal from a node; null starts at the root. */
function walkFrom(start: JournalTurn | null, context: WalkContext): Walk {
  const { journal, view, effort, shortcuts } = context
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
  for (const [index, answered] of view.answered.entries()) {
    if (shortcuts && index - matchedBlocks > shortcuts.mayMiss) break
    const block = effort.left > 0 ? withCarried(answered, carried, effort) : answered
    const children = childrenOf(journal, node)
    const number = exchange + blocksAfter + 1
    const isDirect = block === answered && blocksAfter === 0
    const best = matchAt({ node, children, exchange: number, isDirect }, block, context)
    if (best?.match.fillersOnly) {
      carried = block.user.messages
      unheard.add(answered)
      continue
    }
    carried = []
    const shown = best?.match ?? matchAfterForeign({ children }, block.answer, number, effort)
    const last = shown?.shown.at(-1)?.turn
    if (!shown || !last) {
      hasForeign = true
      exact = false
      blocksAfter++
      if (shortcuts && index >= shortcuts.lastKnown && isLast(children, number)) {
        blocksAfter += view.answered.length - index - 1
        break
      }
      continue
    }
    path.push(...shown.shown)
    node = last
    exchange = last.exchange
    blocksAfter = 0
    matchedBlocks++
    if (best?.sameText) sameTextBlocks++
    if (!shown.exact) exact = false
  }
  const blocks = { path, blocksAfter, matchedBlocks, sameTextBlocks }
  return { ...blocks, node, exact, hasForeign, unheard, carried }
}

/**
 * The path of the history. Usually it begins at the root; when its first answered block does not,
 * the head may have been cut (some platforms keep only a tail or a summary) and every node is tried.
 */
export function walk(journal: Journal, view: View, effort: Effort): Walk {
  const fromRoot = walkFrom(null, { journal, view, effort, shortcuts: null })
  const { answered } = view
  const [first] = answered
  if (!first || journal.turns.length === 0 || isAnchored(fromRoot, first)) return fromRoot
  const texts = new Set(journal.turns.map((turn) => turnKey(turn)))
  const isKnown = ({ user }: AnsweredBlock) => texts.has(blockKey(user))
  const knownBlocks = answered.filter(isKnown)
  const lastKnown = answered.findLastIndex(isKnown)
  const known: KnownMatches = new Map()
  let best = fromRoot
  for (const start of likelyStarts(journal, knownBlocks[0] ?? first)) {
    const hasMostTexts = best.sameTextBlocks >= knownBlocks.length
    const mayMiss = answered.length - best.matchedBlocks - Number(hasMostTexts)
    if (mayMiss < 0 || effort.left <= 0) break
    const shortcuts = { known, texts, lastKnown, mayMiss }
    const candidate = walkFrom(start, { journal, view, effort, shortcuts })
    const gain =
      candidate.matchedBlocks - best.matchedBlocks || candidate.sameTextBlocks - best.sameTextBlocks
    if (gain > 0) best = candidate
  }
  return best
}

/** Every node, the newest first and before all others those that the first block follows. */
function likelyStarts(journal: Journal, first: AnsweredBlock): ReadonlySet<JournalTurn> {
  const newestFirst = journal.turns.toReversed()
  const starts = new Set<JournalTurn>()
  for (const turn of newestFirst) {
    if (turn.parent && sameUserText(turn, first.user)) starts.add(turn.parent)
  }
  for (const turn of newestFirst) if (turn.children.length > 0) starts.add(turn)
  return starts
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
