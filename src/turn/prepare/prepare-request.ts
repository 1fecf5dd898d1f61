import type { ConversationKey, KeyMaterial } from '../../conversation/conversation-key.ts'
import type { Journal } from '../../conversation/journal.ts'
import { journalHistory } from '../../conversation/journal-history.ts'
import { toView, type View } from '../../conversation/view.ts'
import type { TurnSettings } from '../settings.ts'
import type { KeptRequest, TurnRequest } from '../turn-request.ts'
import { journalId, prepareTurn, type PreparedTurn } from './prepare-turn.ts'

/** A request as this server sees it, and where what it knows of the conversation is kept. */
export interface SeenRequest {
  readonly request: KeptRequest
  /** What it shows; where it goes on from the journal, as that stands. */
  readonly viewOn: (journal: Journal | null) => View
  readonly key: ConversationKey | null
  /** Of the conversation's journal; null if it has none. */
  readonly id: string | null
}

export interface PrepareDependencies {
  readonly settings: TurnSettings
  readonly resolveKey: (systemText: string, material: KeyMaterial) => ConversationKey | null
  readonly now: () => number
  readonly date: () => Date
}

export function seeRequest(
  { settings, resolveKey }: PrepareDependencies,
  { keyMaterial, messages, ...request }: TurnRequest,
): SeenRequest {
  if (request.continuesJournal) {
    const key = resolveKey('', keyMaterial)
    const viewOn = (journal: Journal | null) =>
      toView([...(journal ? journalHistory(journal) : []), ...messages], settings.view)
    return { request, viewOn, key, id: journalId(request.caller, key) }
  }
  const view = toView(messages, settings.view)
  const key = resolveKey(view.systemText, keyMaterial)
  return { request, viewOn: () => view, key, id: journalId(request.caller, key) }
}

/** Derives where the conversation stands now, as its journal tells it. */
export function prepareRequest(
  { settings, now, date }: PrepareDependencies,
  { request, viewOn, key }: SeenRequest,
  journal: Journal | null,
): PreparedTurn {
  const view = viewOn(journal)
  return prepareTurn(request, view, { settings, key, journal, now: now(), date: date() })
}
