import type { ServerResponse } from 'node:http'
import { TurnstateError } from '../errors.ts'
import { onceGone } from './once-gone.ts'

/**
 * Aborted, with `caller_gone` as the reason, when the caller is gone before its answer is whole.
 * Fastify's `request.signal` fires too early on a POST.
 */
export function hangUpSignal(response: ServerResponse): AbortSignal {
  const call = new AbortController()
  const hangUp = () => call.abort(new TurnstateError('caller_gone', 'The caller is gone'))
  onceGone(response, () => {
    if (!response.writableFinished) hangUp()
  })
  return call.signal
}
