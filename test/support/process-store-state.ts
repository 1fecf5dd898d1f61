import { randomUUID } from 'node:crypto'
import type {
  Claimed,
  ClaimOptions,
  ClaimState,
  RecordChange,
  SharedStore,
} from '../../src/store/shared-store.ts'

export type Command = Exclude<
  keyof SharedStore,
  'instance' | 'now' | 'isUp' | 'onUpChange' | 'onRecordChange' | 'close'
>

/** What the commands do, once they are there. */
export type State = Pick<SharedStore, Command>

interface Kept {
  expiresAt: number
}

interface KeptRecord extends Kept {
  revision: number
  readonly fields: Map<string, string>
}

interface KeptClaim extends Kept {
  readonly owner: string
  readonly token: string
  version: string
  value: string | null
}

export interface Shared {
  readonly records: Map<string, KeptRecord>
  readonly claims: Map<string, KeptClaim>
  readonly marks: Map<string, Kept>
  readonly due: Map<string, number>
  readonly live: Set<string>
  readonly listeners: Map<string, (id: string) => void>
  readonly now: () => number
  /** Never the same number twice. */
  readonly next: () => number
}

export function createShared(now: () => number): Shared {
  let count = 0
  return {
    records: new Map(),
    claims: new Map(),
    marks: new Map(),
    due: new Map(),
    live: new Set(),
    listeners: new Map(),
    now,
    next: () => ++count,
  }
}

export function createState(shared: Shared, name: string): State {
  return { ...createRecords(shared, name), ...createClaims(shared, name), ...createRest(shared) }
}

function createRecords(
  shared: Shared,
  name: string,
): Pick<SharedStore, 'readRecord' | 'writeRecord'> {
  const { records, listeners, next, now } = shared
  return {
    async readRecord(id, known) {
      const record = fresh(shared, records, id)
      const revision = record?.revision ?? 0
      if (revision === known) return 'unchanged'
      return { revision, fields: Object.fromEntries(record?.fields ?? []) }
    },
    async writeRecord(id, change) {
      const record = fresh(shared, records, id)
      if (change.ifRevision !== undefined && change.ifRevision !== (record?.revision ?? 0)) {
        return 'conflict'
      }
      const fields = record?.fields ?? new Map<string, string>()
      changeFields(fields, change)
      const revision = next()
      records.set(id, { revision, fields, expiresAt: now() + change.retainMs })
      for (const [instance, listener] of listeners) {
        if (instance !== name) queueMicrotask(() => listener(id))
      }
      return revision
    },
  }
}

function changeFields(fields: Map<string, string>, { set, add, remove }: RecordChange): void {
  for (const [field, value] of Object.entries(set)) fields.set(field, value)
  for (const [field, count] of Object.entries(add ?? {})) {
    fields.set(field, String(Number(fields.get(field) ?? '0') + count))
  }
  for (const field of remove ?? []) fields.delete(field)
}

function createClaims(
  shared: Shared,
  name: string,
): Pick<SharedStore, 'claim' | 'readClaim' | 'finishClaim' | 'releaseClaim'> {
  const { claims, records, live, next, now } = shared
  const stateOf = ({ owner, version, value }: KeptClaim): ClaimState => {
    if (value !== null) return { state: 'finished', value, version }
    return live.has(owner) ? { state: 'running', owner, version } : { state: 'abandoned', version }
  }
  const isBarred = ({ unless }: ClaimOptions) =>
    unless !== undefined && fresh(shared, records, unless.record)?.fields.has(unless.field) === true
  return {
    async claim(id, options): Promise<Claimed | ClaimState> {
      const known = fresh(shared, claims, id)
      if (known && known.version !== options.replacing) return stateOf(known)
      if (isBarred(options)) return { state: 'barred' }
      const [token, version] = [randomUUID(), `v${next()}`]
      const expiresAt = now() + options.retainMs
      claims.set(id, { owner: name, token, version, value: null, expiresAt })
      return { state: 'claimed', token }
    },
    async readClaim(id) {
      const known = fresh(shared, claims, id)
      return known ? stateOf(known) : null
    },
    async finishClaim(id, token, { value, retainMs }) {
      const known = fresh(shared, claims, id)
      if (known?.token !== token) return
      known.value = value
      known.version = `v${next()}`
      known.expiresAt = now() + retainMs
    },
    async releaseClaim(id, token) {
      const known = fresh(shared, claims, id)
      if (known?.token === token && known.value === null) claims.delete(id)
    },
  }
}

function createRest(
  shared: Shared,
): Pick<SharedStore, 'isAlive' | 'mark' | 'isMarked' | 'schedule' | 'unschedule' | 'takeDue'> {
  const { live, marks, due, now } = shared
  return {
    isAlive: async (instance) => live.has(instance),
    async mark(id, ttlMs) {
      marks.set(id, { expiresAt: now() + ttlMs })
    },
    isMarked: async (id) => fresh(shared, marks, id) !== undefined,
    async schedule(member, afterMs) {
      due.set(member, now() + afterMs)
    },
    async unschedule(member) {
      due.delete(member)
    },
    async takeDue({ limit, leaseMs }) {
      const ready = [...due].filter(([, at]) => at <= now()).sort(([, a], [, b]) => a - b)
      const taken = ready.slice(0, limit).map(([member]) => member)
      for (const member of taken) due.set(member, now() + leaseMs)
      return taken
    },
  }
}

export function fresh<Value extends Kept>(
  { now }: Shared,
  kept: Map<string, Value>,
  id: string,
): Value | undefined {
  const value = kept.get(id)
  return value && now() < value.expiresAt ? value : undefined
}
