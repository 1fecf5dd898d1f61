interface MemoryStoreOptions<Value> {
  readonly create: () => Value
  /** Milliseconds without a request after which a value is forgotten. */
  readonly retainMs: number
  readonly maxEntries: number
  /** Milliseconds of a clock; only differences count. */
  readonly now: () => number
}

/** What must outlive a request, in this process: bounded by count and by age, oldest idle first. */
export interface MemoryStore<Value> {
  /** The value of a key, made if there is none; it counts as used now. */
  open(key: string): Value
  /** The value if there is one; nothing changes. */
  peek(key: string): Value | undefined
}

interface Entry<Value> {
  readonly value: Value
  usedAt: number
}

export function createMemoryStore<Value>(options: MemoryStoreOptions<Value>): MemoryStore<Value> {
  // A Map keeps insertion order, and each use inserts anew: the first entry is the oldest idle one.
  const entries = new Map<string, Entry<Value>>()

  const isFresh = (entry: Entry<Value>) => options.now() - entry.usedAt < options.retainMs

  function evict(): void {
    for (const [key, entry] of entries) {
      if (entries.size <= options.maxEntries && isFresh(entry)) return
      entries.delete(key)
    }
  }

  return {
    peek(key) {
      const entry = entries.get(key)
      return entry && isFresh(entry) ? entry.value : undefined
    },
    open(key) {
      const known = entries.get(key)
      const entry =
        known && isFresh(known) ? known : { value: options.create(), usedAt: options.now() }
      entry.usedAt = options.now()
      entries.delete(key)
      entries.set(key, entry)
      evict()
      return entry.value
    },
  }
}
