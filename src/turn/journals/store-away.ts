import { TurnstateError } from '../../errors.ts'
import type { Log } from '../../observability/log.ts'
import type { SharedStore } from '../../store/shared-store.ts'

export function isAway(error: unknown): boolean {
  return error instanceof TurnstateError && error.code === 'store_unavailable'
}

export function storeAway(): TurnstateError {
  return new TurnstateError('store_unavailable', 'The store cannot be reached now.')
}

/** Work with the store that can be done without; null if it came to nothing. Never rejects. */
export async function unlessAway<Result>(
  store: SharedStore,
  log: Log,
  work: () => Promise<Result>,
): Promise<Result | null> {
  if (!store.isUp()) return null
  try {
    return await work()
  } catch (error) {
    if (!isAway(error)) log.error({ err: error }, 'the store gave an answer that makes no sense')
    return null
  }
}
