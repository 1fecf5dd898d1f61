import type { Log } from '../../observability/log.ts'
import type { SharedStore } from '../../store/shared-store.ts'
import type { UndoSchedule } from './undo-schedule.ts'

const LOOK_EVERY_MS = 1000
const MAX_AT_A_TIME = 20
/** Who took an appointment and died over it is replaced after so long. */
const LEASE_MS = 60_000

interface Options {
  readonly store: SharedStore
  readonly log: Log
}

/**
 * Appointments that outlive a process: whichever instance comes first keeps them. What the store
 * could not be told is told once it is back.
 */
export function createSharedSchedule({ store, log }: Options): UndoSchedule {
  const untold = new Map<string, { readonly dueAt: number } | null>()
  let handle: (id: string) => void = () => undefined
  let isLooking = false

  async function look(): Promise<void> {
    if (isLooking) return
    isLooking = true
    try {
      await tell()
      const due = await store.takeDue({ limit: MAX_AT_A_TIME, leaseMs: LEASE_MS })
      for (const id of due) handle(id)
    } catch (err) {
      log.debug({ err }, 'undo schedule out of reach')
    } finally {
      isLooking = false
    }
  }

  async function tell(): Promise<void> {
    for (const [id, appointment] of untold) {
      if (appointment) await store.schedule(id, Math.max(0, appointment.dueAt - performance.now()))
      else await store.unschedule(id)
      if (untold.get(id) === appointment) untold.delete(id)
    }
  }

  function note(id: string, appointment: { readonly dueAt: number } | null): void {
    untold.set(id, appointment)
    tell().catch((err: unknown) => log.debug({ err }, 'undo schedule out of reach'))
  }

  const timer = setInterval(() => void look(), LOOK_EVERY_MS)
  timer.unref()

  return {
    schedule: (id, afterMs) => note(id, { dueAt: performance.now() + afterMs }),
    unschedule: (id) => note(id, null),
    onDue(handler) {
      handle = handler
    },
    close: () => clearInterval(timer),
  }
}
