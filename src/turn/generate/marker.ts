import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { sealState, type TokenContext, type TokenSubject } from '../../conversation/state-token.ts'
import type { Position } from '../../flow/position.ts'
import type { ModelToolCall, OfferedTool } from '../../upstream/upstream.ts'

interface MarkerOptions extends TokenSubject {
  readonly token: TokenContext
  readonly stateTool: string
  readonly platformTools: readonly OfferedTool[]
  /** After the answer. */
  readonly position: Position
  /** What the client carries already, or else the flow's initial position. */
  readonly carried: Position
}

/**
 * The call to the no-op state tool that lets the history itself carry the state. Null when this
 * request does not offer the tool or the client carries this state already.
 */
export function toMarkerCall(options: MarkerOptions): ModelToolCall | 'too_large' | null {
  const { token, stateTool, platformTools, position, carried } = options
  if (!platformTools.some(({ name }) => name === stateTool)) return null
  if (isSamePosition(position, carried)) return null
  const sealed = sealState(token, position, options)
  if (sealed === null) return 'too_large'
  return { id: markerId(sealed), name: stateTool, arguments: JSON.stringify({ state: sealed }) }
}

/** Platforms and model servers take ids of up to 40 characters. */
function markerId(sealed: string): string {
  return `state_${createHash('sha256').update(sealed).digest('hex').slice(0, 32)}`
}

function isSamePosition(left: Position, right: Position): boolean {
  return (
    left.state === right.state &&
    // A state that was entered anew counts its turns from there.
    left.enteredAfter === right.enteredAfter &&
    isDeepStrictEqual(setVariables(left), setVariables(right))
  )
}

function setVariables({ variables }: Position): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined))
}
