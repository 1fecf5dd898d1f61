import cluster from 'node:cluster'
import { z } from 'zod'

/** All that one process has counted; it crosses to another as JSON. */
export type MetricsSnapshot = readonly MetricSnapshot[]

/** As prom-client gives it and takes it; only what is needed of it here has a type. */
interface MetricSnapshot {
  readonly name: string
  readonly help: string
  readonly type: unknown
  readonly aggregator?: unknown
  readonly values: unknown
}

/** How a process that is one of several comes to the numbers of all. */
export interface MetricsPeers {
  /** Whenever the others are asked for theirs, this tells those of this process. */
  readonly tell: (snapshot: () => Promise<MetricsSnapshot>) => void
  /** The sum over all, as text; rejects with METRICS_INCOMPLETE when it does not come in time. */
  readonly sum: () => Promise<string>
}

/** The `code` of the error where some process has not told its numbers in time. */
export const METRICS_INCOMPLETE = 'metrics_incomplete'

/** Longer than the primary waits for the other workers, so that its word is heard. */
const SUM_LIMIT_MS = 3000

const FromPrimary = z.discriminatedUnion('type', [
  z.object({ type: z.literal('metrics-asked'), id: z.int() }),
  z.object({ type: z.literal('metrics-sum'), id: z.int(), text: z.string().nullable() }),
])
export type ToWorker = z.infer<typeof FromPrimary>

/** Null where this process stands alone: then nobody is asked, and nothing is listened for. */
export function peersOfThisProcess(): MetricsPeers | null {
  return cluster.isWorker ? createPeers() : null
}

function createPeers(): MetricsPeers {
  const waiting = new Map<number, (text: string | null) => void>()
  let lastId = 0
  let ownNumbers: () => Promise<MetricsSnapshot> = async () => []

  process.on('message', (message) => {
    const { data } = FromPrimary.safeParse(message)
    if (data?.type === 'metrics-sum') waiting.get(data.id)?.(data.text)
    if (data?.type !== 'metrics-asked') return
    const { id } = data
    // Left out, they are missed in time: the primary says so to whoever wants the sum.
    ownNumbers().then(
      (snapshot) => send({ type: 'metrics-told', id, snapshot }),
      () => undefined,
    )
  })

  return {
    tell: (snapshot) => {
      ownNumbers = snapshot
    },
    sum: () =>
      new Promise((resolve, reject) => {
        const id = (lastId += 1)
        const settle = (text: string | null) => {
          clearTimeout(limit)
          waiting.delete(id)
          if (text === null) reject(incomplete())
          else resolve(text)
        }
        const limit = setTimeout(() => settle(null), SUM_LIMIT_MS)
        waiting.set(id, settle)
        send({ type: 'metrics-wanted', id }, () => settle(null))
      }),
  }
}

function send(message: object, onFailure: () => void = () => undefined): void {
  process.send?.(message, undefined, undefined, (error) => {
    if (error) onFailure()
  })
}

function incomplete(): Error {
  const message = 'the numbers of all workers did not come in time'
  return Object.assign(new Error(message), { code: METRICS_INCOMPLETE })
}
