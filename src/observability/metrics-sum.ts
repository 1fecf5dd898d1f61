import { AggregatorRegistry } from 'prom-client'
import type { MetricsSnapshot } from './worker-metrics.ts'

/** The numbers of several processes as one: added up, or as each metric's aggregator says. */
export function textOfAll(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate(mutable(snapshots)).metrics()
}

/**
 * What two processes that are gone have counted. A counter that fell would be taken for one that began
 * anew; gauges speak of processes that are there.
 */
export function countedByBoth(one: MetricsSnapshot, other: MetricsSnapshot): MetricsSnapshot {
  const counts = [one, other].map((snapshot) => snapshot.filter(({ type }) => type !== 'gauge'))
  const sum: unknown = AggregatorRegistry.aggregate(mutable(counts)).getMetricsAsArray()
  // What was aggregated holds its values already, and a function that would give them.
  return (sum as MetricsSnapshot).map(({ name, help, type, aggregator, values }) => ({
    name,
    help,
    type,
    aggregator,
    values,
  }))
}

/** Only read there, whatever the types of prom-client say. */
function mutable(snapshots: readonly MetricsSnapshot[]): object[] {
  return snapshots.map((snapshot) => [...snapshot])
}
