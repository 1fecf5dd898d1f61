import type { ConversationKey, KeyMaterial } from '../../conversation/conversation-key.ts'
import type { Journal } from '../../conversation/journal.ts'
import type { View } from '../../conversation/view.ts'
import type { TurnSettings } from '../settings.ts'
import type { TurnRequest } from '../turn-request.ts'
import { journalId, prepareTurn, viewOf, type PreparedTurn } from './prepare-turn.ts'

/** A request as this server sees it, and where what it knows of the conversation is kept. */
export interface SeenRequest {
  readonly request: TurnRequest
  readonly view: View
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
  request: TurnRequest,
): SeenRequest {
  const view = viewOf(request, settings)
  const key = resolveKey(view.systemText, request.keyMaterial)
  return { request, view, key, id: journalId(request.caller, key) }
}

/** Derives where the conversation stands now, as its journal tells it. */
export function prepareRequest(
  { settings, now, date }: PrepareDependencies,
  { request, view, key }: SeenRequest,
  journal: Journal | null,
): PreparedTurn {
  return prepareTurn(request, view, { settings, key, journal, now: now(), date: date() })
}
