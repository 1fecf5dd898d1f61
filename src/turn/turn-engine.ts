import type { ConversationKey, KeyMaterial } from '../conversation/conversation-key.ts'
import { addTurn, createJournal, type Journal } from '../conversation/journal.ts'
import { TurnstateError } from '../errors.ts'
import { toUserText } from '../conversation/user-key.ts'
import type { View } from '../conversation/view.ts'
import type { Log } from '../observability/log.ts'
import type { MemoryStore } from '../store/memory-store.ts'
import type { ToolRunner } from '../tools/tool-runner.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { toDerivation } from './derivation.ts'
import { identityOf, journalId, prepareTurn, viewOf, type PreparedTurn } from './prepare-turn.ts'
import { runTurn } from './run-turn.ts'
import type { TurnSettings } from './settings.ts'
import type { TurnEngine } from './turn.ts'
import type { TurnRequest } from './turn-request.ts'

interface TurnEngineDependencies {
  readonly settings: TurnSettings
  readonly resolveKey: (systemText: string, material: KeyMaterial) => ConversationKey | null
  readonly upstream: Upstream
  readonly tools: ToolRunner
  /** Null: nothing is remembered between requests. */
  readonly store: MemoryStore<Journal> | null
  readonly log: Log
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  readonly date: () => Date
}

/** A call has a few dozen turns and some ten thousand characters. */
const JOURNAL_LIMITS = { maxTurns: 2000, maxCharacters: 4_000_000 }
/** Platforms were seen to ask eight times at once; each attempt is compared with all others. */
const MAX_RUNNING_TURNS = 64

function refuseCrowd(journal: Journal): void {
  const running = journal.turns.filter((turn) => turn.status === 'running').length
  if (running < MAX_RUNNING_TURNS) return
  throw new TurnstateError('overloaded', 'Too many requests for this conversation at once.')
}

export function createTurnEngine(dependencies: TurnEngineDependencies): TurnEngine {
  const { settings, store, now } = dependencies

  function prepare(request: TurnRequest, journalOf: (id: string) => Journal | null): PreparedTurn {
    const view: View = viewOf(request, settings)
    const key = dependencies.resolveKey(view.systemText, request.keyMaterial)
    const id = journalId(request.caller, key)
    const journal = id === null ? null : journalOf(id)
    if (journal) refuseCrowd(journal)
    return prepareTurn(request, view, {
      settings,
      key,
      journal,
      now: now(),
      date: dependencies.date(),
    })
  }

  return {
    derive(request) {
      const peek = (id: string) => (store ? (store.peek(id) ?? createJournal()) : null)
      return toDerivation(prepare(request, peek), settings)
    },
    begin(request) {
      const prepared = prepare(request, (id) => store?.open(id) ?? null)
      const { resolution, start, saysOnEntry, transitions: transitionsBefore, facts } = prepared
      for (const { turn } of resolution.path) turn.shown = true
      const { kind, exchange, node: parent } = resolution
      const userText = toUserText(resolution.open)
      const turn = {
        parent,
        kind,
        exchange,
        userText,
        start,
        saysOnEntry,
        transitionsBefore,
        refusesWrites: kind === 'late' || (resolution.retryOf?.refusesWrites ?? false),
        startedAt: now(),
      }
      const journalled = addTurn(prepared.journal, turn, JOURNAL_LIMITS)
      const weigh = () => {
        if (facts.conversation !== null)
          store?.weigh(identityOf(request.caller, facts.conversation))
      }
      weigh()
      return {
        facts,
        run: (listener) => runTurn(dependencies, { prepared, journalled, listener }).finally(weigh),
        delivered: () => {
          journalled.delivered = true
        },
      }
    },
  }
}
