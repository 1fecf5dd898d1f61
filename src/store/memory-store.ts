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
  readonly value: Value
  usedAt: number
  weight: number
}

export function createMemoryStore<Value>(options: MemoryStoreOptions<Value>): MemoryStore<Value> {
  // A Map keeps insertion order, and each use inserts anew: the first entry is the oldest idle one.
  const entries = new Map<string, Entry<Value>>()

  let weight = 0

  const isBusy = (entry: Entry<Value>) => options.isBusy?.(entry.value) === true
  const isFresh = (entry: Entry<Value>) => options.now() - entry.usedAt < options.retainMs

  function forget(key: string, entry: Entry<Value>): void {
    entries.delete(key)
    weight -= entry.weight
  }

  function evict(used: string): void {
    for (const [key, entry] of entries) {
      const isRoom = entries.size <= options.maxEntries && weight <= options.maxWeight
      if ((isRoom && isFresh(entry)) || entries.size === 1) return
      if (key !== used && !isBusy(entry)) forget(key, entry)
    }
  }

  return {
    peek(key) {
      const entry = entries.get(key)
      return entry && isFresh(entry) ? entry.value : undefined
    },
    open(key) {
      const known = entries.get(key)
      if (known) forget(key, known)
      const entry =
        known && (isFresh(known) || isBusy(known))
          ? known
          : { value: options.create(), usedAt: 0, weight: 0 }
      entry.usedAt = options.now()
      entries.set(key, entry)
      weight += entry.weight
      evict(key)
      return entry.value
    },
    weigh(key) {
      const entry = entries.get(key)
      if (!entry) return
      const fresh = options.weightOf(entry.value)
      weight += fresh - entry.weight
      entry.weight = fresh
      evict(key)
    },
  }
}
