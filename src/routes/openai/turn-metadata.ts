import type { Log } from '../../observability/log.ts'
import type { TurnEnd } from '../../turn/turn.ts'
import type { Metadata } from './chunks.ts'

/** What the header `x-turnstate-metadata` asks for. Never throws: an answer is worth more than its token. */
export function turnMetadata({ state, token }: TurnEnd, log: Log): Metadata | undefined {
  try {
    const sealed = token()
    if (sealed === null) log.warn({}, 'the state is too large for a token')
    return { state, token: sealed }
  } catch (err) {
    log.error({ err }, 'the state token could not be made')
    return undefined
  }
}
