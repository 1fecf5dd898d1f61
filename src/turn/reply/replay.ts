import { replyText, type JournalTurn } from '../../conversation/journal.ts'
import { positionAfter } from '../../conversation/position-after.ts'
import type { MessageCall } from '../../conversation/message.ts'
import { TurnstateError } from '../../errors.ts'
import { NO_USAGE } from '../generate/live-turn.ts'
import type { PreparedTurn } from '../prepare/prepare-turn.ts'
import { QUIET_REPLY, SILENT_WORD } from '../quiet-words.ts'
import type { TurnSettings } from '../settings.ts'
import { toTurnEnd } from '../turn-end.ts'
import type { TurnEnd, TurnEvent, TurnListener } from '../turn.ts'

interface ReplayContext {
  readonly prepared: PreparedTurn
  readonly settings: TurnSettings
}

/** Says a finished answer again, word for word, to a listener that pays for no model call. */
export async function replay(
  turn: JournalTurn,
  { prepared, settings }: ReplayContext,
  listener: TurnListener,
): Promise<TurnEnd> {
  const calls = callsToRepeat(turn, settings.view.stateTool)
  const text = replyText(turn) || (calls.length > 0 ? '' : QUIET_REPLY)
  const events: readonly TurnEvent[] = [
    ...(text === '' ? [] : [{ type: 'text-delta', text } as const]),
    ...calls.map((call) => ({ type: 'tool-call', call }) as const),
  ]
  await sayAll(events, listener)
  const isOver = calls.length === 0 && turn.finishReason === 'tool_calls'
  return toTurnEnd(prepared, settings, {
    finishReason: isOver ? 'stop' : turn.finishReason,
    position: positionAfter(turn, 'full'),
    usage: NO_USAGE,
  })
}

/** A call that was delivered is never issued twice; the marker is no more than a note. */
function callsToRepeat(turn: JournalTurn, stateTool: string): readonly MessageCall[] {
  if (!turn.sent.isWhole) return turn.platformCalls
  return turn.platformCalls.filter((call) => call.name === stateTool)
}

/** The least that a request can be answered with. */
export async function answerQuietly(
  { prepared, settings }: ReplayContext,
  listener: TurnListener,
): Promise<TurnEnd> {
  await sayAll([{ type: 'text-delta', text: SILENT_WORD }], listener)
  return toTurnEnd(prepared, settings, {
    finishReason: 'stop',
    position: prepared.start,
    usage: NO_USAGE,
  })
}

async function sayAll(events: readonly TurnEvent[], listener: TurnListener): Promise<void> {
  for (const event of events) {
    if (listener.signal.aborted) throw new TurnstateError('caller_gone', 'The caller is gone.')
    await listener.onEvent(event)
  }
}
