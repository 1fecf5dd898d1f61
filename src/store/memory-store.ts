import { createUseOrder, type Place } from './use-order.ts'

interface MemoryStoreOptions<Value> {
  readonly create: () => Value
  /** Milliseconds without a request after which a value is forgotten. */
  readonly retainMs: number
  readonly maxEntries: number
  /** How much memory a value takes, in a unit of the caller's choice. */
  readonly weightOf: (value: Value) => number
  readonly maxWeight: number
  /** Something goes on in it: it is not idle, and stays. */
  readonly isBusy?: (value: Value) => boolean
  /** Milliseconds of a clock; only differences count. */
  readonly now: () => number
}

/** What must outlive a request, in this process: bounded by count, size and age, oldest idle first. */
export interface MemoryStore<Value> {
  /** The value of a key, made if there is none; it counts as used now. */
  open(key: string): Value
  /** To be called when a value has grown: others are forgotten if all are too much together. */
  weigh(key: string): void
  /** The value if there is one; nothing changes. */
  peek(key: string): Value | undefined
}

interface Entry<Value> {
  readonly key: string
  readonly value: Value
  usedAt: number
  weight: number
}

export function createMemoryStore<Value>(options: MemoryStoreOptions<Value>): MemoryStore<Value> {
  const places = new Map<string, Place<Entry<Value>>>()
  const order = createUseOrder<Entry<Value>>()
  let weight = 0

  const isBusy = (entry: Entry<Value>) => options.isBusy?.(entry.value) === true
  const isFresh = (entry: Entry<Value>) => options.now() - entry.usedAt < options.retainMs

  function forget(place: Place<Entry<Value>>): void {
    places.delete(place.item.key)
    order.remove(place)
    weight -= place.item.weight
  }

  function evict(used: string): void {
    for (let place = order.oldest(); place; place = place.newer) {
      const { item: entry } = place
      const isRoom = places.size <= options.maxEntries && weight <= options.maxWeight
      if ((isRoom && isFresh(entry)) || places.size === 1) return
      if (entry.key !== used && !isBusy(entry)) forget(place)
    }
  }

  return {
    peek(key) {
      const entry = places.get(key)?.item
      return entry && isFresh(entry) ? entry.value : undefined
    },
    open(key) {
      const place = places.get(key)
      if (place) forget(place)
      const known = place?.item
      const entry =
        known && (isFresh(known) || isBusy(known))
          ? known
          : { key, value: options.create(), usedAt: 0, weight: 0 }
      entry.usedAt = options.now()
      places.set(key, order.add(entry))
      weight += entry.weight
      evict(key)
      return entry.value
    },
    weigh(key) {
      const entry = places.get(key)?.item
      if (!entry) return
      const fresh = options.weightOf(entry.value)
      weight += fresh - entry.weight
      entry.weight = fresh
      evict(key)
    },
  }
}
