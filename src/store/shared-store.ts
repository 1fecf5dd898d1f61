/**
 * What several instances of the server share. Everything in it is forgotten `retainMs` after it was
 * last written. Every method that returns a promise rejects with a TurnstateError
 * `store_unavailable`, soon and at the latest after half a second, while the store cannot be reached;
 * what a rejected write did is not known then.
 */
export interface SharedStore {
  /** The name of this process among all instances, another one after each start. */
  readonly instance: string
  /** Milliseconds of the store's own clock: the same for all instances, however theirs are set. */
  now(): number
  /** False while commands fail. */
  isUp(): boolean
  /** Called with the new answer whenever it changes. */
  onUpChange(listener: (isUp: boolean) => void): void

  /**
   * A record's fields; `unchanged` when `known` still is its revision. Revision 0 is that of a record
   * that does not exist, -1 of one that has lost its own: it is never `unchanged`.
   */
  readRecord(id: string, known: number): Promise<StoredRecord | 'unchanged'>
  /**
   * Changes a record in one step. Resolves with its new revision: a number that no record of this id
   * had before, even if it was forgotten in between.
   */
  writeRecord(id: string, change: RecordChange): Promise<number | 'conflict'>
  /** Called when another instance wrote a record. A hint: messages can get lost. */
  onRecordChange(listener: (id: string) => void): void

  /**
   * Whether an instance still runs: it has shown a sign of life within the last seconds, or the store
   * itself was away and it is too early to tell. May be up to 250 ms old.
   */
  isAlive(instance: string): Promise<boolean>

  /** Takes a claim if nobody has it yet, and nothing bars it. */
  claim(id: string, options: ClaimOptions): Promise<Claimed | ClaimState>
  /** How a claim stands; null if there is none. */
  readClaim(id: string): Promise<ClaimState | null>
  /** Notes what came of a claim, even a forgotten one. Without effect once somebody else has replaced it. */
  finishClaim(id: string, token: string, finish: { value: string; retainMs: number }): Promise<void>
  /** Nothing was done under it: as if it had never been taken. Without effect once replaced or finished. */
  releaseClaim(id: string, token: string): Promise<void>

  /** A mark that lapses by itself. */
  mark(id: string, ttlMs: number): Promise<void>
  isMarked(id: string): Promise<boolean>

  /** Puts a member on the list of what is due, or moves it, `afterMs` from now. */
  schedule(member: string, afterMs: number): Promise<void>
  unschedule(member: string): Promise<void>
  /**
   * Members that are due now. Each comes up again, for whoever asks, after `leaseMs` unless it was
   * unscheduled in between: who took it may have died over it.
   */
  takeDue(options: { limit: number; leaseMs: number }): Promise<readonly string[]>

  close(): Promise<void>
}

export interface StoredRecord {
  readonly revision: number
  readonly fields: Readonly<Record<string, string>>
}

export interface RecordChange {
  readonly set: Readonly<Record<string, string>>
  /** Added to whole numbers; a field that is not there counts as 0. */
  readonly add?: Readonly<Record<string, number>>
  readonly remove?: readonly string[]
  /** The change is made only if this is still the record's revision. */
  readonly ifRevision?: number
  readonly retainMs: number
}

export interface ClaimOptions {
  readonly retainMs: number
  /** No claim is taken once this field of a record is set. */
  readonly unless?: { readonly record: string; readonly field: string }
  /** Takes the claim over from this state of it (its `version`), if it is still in it. */
  readonly replacing?: string
}

export interface Claimed {
  readonly state: 'claimed'
  /** To finish or release it with. */
  readonly token: string
}

export type ClaimState =
  /** By a live instance, which may be this one. */
  | { readonly state: 'running'; readonly owner: string; readonly version: string }
  /** The instance that had it is gone: what came of it is not known. */
  | { readonly state: 'abandoned'; readonly version: string }
  | { readonly state: 'finished'; readonly value: string; readonly version: string }
  /** The field that `unless` names is set. */
  | { readonly state: 'barred' }
