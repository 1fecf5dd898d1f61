import { z } from 'zod'
import { countedByBoth, textOfAll } from './metrics-sum.ts'
import type { MetricsSnapshot, ToWorker } from './worker-metrics.ts'

/** The numbers of all workers, for the process that started them. */
export interface GatheredMetrics {
  /** From now on this worker is asked for its numbers. */
  readonly joined: (worker: number, send: (message: ToWorker) => void) => void
  /** Its counts stay in the sum, as far as they were ever told. */
  readonly left: (worker: number) => void
  /** Whatever a worker sends; what is not about metrics is passed over. */
  readonly received: (worker: number, message: unknown) => void
}

interface Member {
  readonly send: (message: ToWorker) => void
  last: MetricsSnapshot
}

interface Gathering {
  readonly missing: Set<number>
  readonly done: (isWhole: boolean) => void
}

/** A worker whose event loop is stuck must not keep Prometheus waiting. */
const TELL_LIMIT_MS = 2000

const FromWorker = z.discriminatedUnion('type', [
  z.object({ type: z.literal('metrics-wanted'), id: z.int() }),
  z.object({
    type: z.literal('metrics-told'),
    id: z.int(),
    // Made by prom-client in a process of ours: its inside is not checked again.
    snapshot: z.custom<MetricsSnapshot>(Array.isArray),
  }),
])

export function createGatheredMetrics(limitMs = TELL_LIMIT_MS): GatheredMetrics {
  const members = new Map<number, Member>()
  const gatherings = new Map<number, Gathering>()
  let lastId = 0
  let ofThoseGone: MetricsSnapshot = []

  function heardOf(worker: number, { missing, done }: Gathering): void {
    missing.delete(worker)
    if (missing.size === 0) done(true)
  }

  /** False if somebody did not tell theirs in time. */
  function gather(): Promise<boolean> {
    const id = (lastId += 1)
    return new Promise((resolve) => {
      const done = (isWhole: boolean) => {
        clearTimeout(limit)
        gatherings.delete(id)
        resolve(isWhole)
      }
      const limit = setTimeout(() => done(false), limitMs)
      gatherings.set(id, { missing: new Set(members.keys()), done })
      for (const { send } of members.values()) send({ type: 'metrics-asked', id })
    })
  }

  async function sum(): Promise<string | null> {
    if (!(await gather())) return null
    return textOfAll([ofThoseGone, ...[...members.values()].map(({ last }) => last)])
  }

  return {
    joined: (worker, send) => void members.set(worker, { send, last: [] }),
    left(worker) {
      const member = members.get(worker)
      if (!member) return
      members.delete(worker)
      ofThoseGone = countedByBoth(ofThoseGone, member.last)
      for (const gathering of [...gatherings.values()]) heardOf(worker, gathering)
    },
    received(worker, message) {
      const member = members.get(worker)
      const { data } = FromWorker.safeParse(message)
      if (!member || !data) return
      const { id } = data
      if (data.type === 'metrics-told') {
        member.last = data.snapshot
        const gathering = gatherings.get(id)
        if (gathering) heardOf(worker, gathering)
        return
      }
      sum().then(
        (text) => member.send({ type: 'metrics-sum', id, text }),
        () => member.send({ type: 'metrics-sum', id, text: null }),
      )
    },
  }
}
