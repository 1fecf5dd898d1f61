import type { ToolOutcome } from '../tools/tool-runner.ts'

/** What makes two calls of a tool the same wish: its place in the conversation, never a call's id. */
export interface EffectKey {
  /** The conversation's identity, the caller's auth key included. */
  readonly conversation: string
  readonly exchange: number
  /** Of the same wish at the same place: another one once the one before was told or undone. */
  readonly generation: number
  readonly tool: string
  /** JSON text; the order of its keys and its white space do not count. */
  readonly arguments: string
  /** It takes back what the effect of this key did: a key of its own. */
  readonly isUndo?: true
}

/** One wish to change something. */
export interface Effect {
  /**
   * Does it. Must end by its own limit; if it rejects, the outcome is `unknown`. An outcome with
   * `sent: false` is not recorded: it may be tried again.
   */
  readonly start: (idempotencyKey: string) => Promise<ToolOutcome>
  /** The other side honours the key: what is `unknown` may be tried once more. */
  readonly isIdempotent: boolean
  /** Milliseconds that one who comes second waits for the first one's outcome. */
  readonly waitMs: number
  /** Asked at the last moment before it is begun: true if nobody wants it any more. */
  readonly isBarred?: () => boolean
  /** The same where the answer is with the shared store: a field of a record that says so. */
  readonly barredBy?: { readonly record: string; readonly field: string }
}

/** Remembers what was done, and sees to it that it is done once. */
export interface Ledger {
  /** The name of a wish to the world, sent as `Idempotency-Key`; tells nothing of what it is made of. */
  idOf(key: EffectKey): string
  /**
   * Runs an effect at most once for its key: who comes second, while it runs or later, gets the same
   * outcome; one who has waited too long is told that it is still under way. `barred`: it was not
   * run. Rejects with `store_unavailable` when nobody can tell whether it was; then it is not run.
   */
  run(key: EffectKey, effect: Effect): Promise<ToolOutcome | 'barred'>
  /**
   * What is known of an effect, wherever it was begun: its outcome, as soon as there is one but after
   * `waitMs` at the latest; `running` if it goes on still; null if it was never begun. Rejects with
   * `store_unavailable`.
   */
  outcomeOf(key: EffectKey, waitMs: number): Promise<ToolOutcome | 'running' | null>
  /** The conversation goes on: what is known of it is kept for another while. */
  keep(conversation: string): void
  /** Ends what goes on in the background. */
  close(): void
}
