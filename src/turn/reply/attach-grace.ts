import type { JournalTurn } from '../../conversation/journal.ts'
import type { Journals } from '../journals/journals.ts'
import type { PreparedTurn } from '../prepare/prepare-turn.ts'

/** For how long a turn goes on while nobody listens to it. */
export interface AttachGrace {
  /** Somebody came, or the last one left. */
  audienceChanged(isThere: boolean): void
  end(): void
}

interface Options {
  readonly prepared: PreparedTurn
  readonly journalled: JournalTurn
  readonly journals: Journals
  readonly graceMs: number
  readonly abandon: () => void
}

/**
 * A closed connection is a hint, not a verdict: the next try may still find the turn running, here or
 * at another instance.
 */
export function createAttachGrace(options: Options): AttachGrace {
  const { prepared, journalled, journals, graceMs, abandon } = options
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  let isEmpty = false

  async function abandonUnlessAwaited(): Promise<void> {
    const isAwaited = await journals.isAwaited(prepared.identity, journalled)
    if (!isEmpty || isOver) return
    if (isAwaited) wait()
    else abandon()
  }

  function wait(): void {
    clearTimeout(timer)
    timer = setTimeout(() => void abandonUnlessAwaited(), graceMs)
  }

  return {
    audienceChanged(isThere) {
      clearTimeout(timer)
      isEmpty = !isThere
      if (isThere || isOver) return
      // No other request can find it.
      if (prepared.isRemembered) wait()
      else abandon()
    },
    end() {
      isOver = true
      clearTimeout(timer)
    },
  }
}
