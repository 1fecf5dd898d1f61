import { childrenOf, isContinuation, type Journal, type JournalTurn } from './journal.ts'
import { matchBlockOf } from './match-block.ts'
import { matchContinuation, type ShownTurn, type TurnMatch } from './match-turn.ts'
import type { Effort } from './match-words.ts'
import type { ConversationMessage } from './message.ts'
import { blockKey, sameUserText, turnKey } from './user-key.ts'
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

/** Same user text first, then the longest match, then the one word for word, then the newest. */
function isBetter(match: TurnMatch, sameText: boolean, than: BlockMatch | null): boolean {
  if (!than) return true
  const { match: other } = than
  if (sameText !== than.sameText) return sameText
  if (match.fillersOnly !== other.fillersOnly) return other.fillersOnly
  if (match.byCall !== other.byCall) return match.byCall
  if (match.words !== other.words) return match.words > other.words
  if (match.literal !== other.literal) return match.literal
  return match.exact || !other.exact
}

/** The turn under `node` that the block shows. Candidates answer the same text or the same exchange. */
function matchBlock(
  candidates: readonly JournalTurn[],
  block: AnsweredBlock,
  exchange: number,
  effort: Effort,
): BlockMatch | null {
  let best: BlockMatch | null = null
  for (const turn of candidates) {
    effort.left -= 1
    if (effort.left <= 0) return best
    if (isContinuation(turn) || turn.kind === 'opening') continue
    const sameText = sameUserText(turn, block.user)
    if (!sameText && turn.exchange !== exchange) continue
    const match = matchBlockOf(turn, block.answer, { sameUserText: sameText, effort })
    if (match && isBetter(match, sameText, best)) best = { match, sameText }
  }
  return best
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

interface WalkContext {
  readonly journal: Journal
  readonly view: View
  readonly effort: Effort
  /** Null when only one walk is made. */
  readonly known: KnownMatches | null
}

/** Walks the answered blocks along the journal from a node; null starts at the root. */
function walkFrom(start: JournalTurn | null, context: WalkContext): Walk {
  const { journal, view, effort, known } = context
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
    const block =
      carried.length === 0
        ? answered
        : { answer: answered.answer, user: mergeSpeech(carried, answered.user) }
    const children = childrenOf(journal, node)
    const number = exchange + blocksAfter + 1
    const best =
      known && block === answered && blocksAfter === 0
        ? matchNext(node, block, known, () => matchBlock(children, block, number, effort))
        : matchBlock(children, block, number, effort)
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
export function walk(journal: Journal, view: View, effort: Effort): Walk {
  const fromRoot = walkFrom(null, { journal, view, effort, known: null })
  const first = view.answered[0]
  if (!first || journal.turns.length === 0 || isAnchored(fromRoot, first)) return fromRoot
  const context = { journal, view, effort, known: new Map() }
  const mostSameTexts = countKnownTexts(journal, view)
  const cannotBeBeaten = ({ matchedBlocks, sameTextBlocks }: Walk) =>
    matchedBlocks === view.answered.length && sameTextBlocks >= mostSameTexts
  let best = fromRoot
  for (const start of likelyStarts(journal, first)) {
    if (cannotBeBeaten(best) || effort.left <= 0) break
    const candidate = walkFrom(start, context)
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

/** How many of the blocks answer speech that the journal knows at all. */
function countKnownTexts(journal: Journal, view: View): number {
  const known = new Set(journal.turns.map((turn) => turnKey(turn)))
  return view.answered.filter((block) => known.has(blockKey(block.user))).length
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
