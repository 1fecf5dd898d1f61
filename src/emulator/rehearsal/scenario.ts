import type { Stage } from './stage.ts'

/** One thing that platforms do to a server. */
export interface Scenario {
  /** Its place in the list of what platforms do. */
  readonly number: number
  /** Unique; what `--only` can name. */
  readonly name: string
  readonly title: string
  /** `script`: it makes sense only with a model that knows the trigger phrases. */
  readonly needs?: 'script'
  /** The cascade timeout that it is played with, if not the one that was asked for. */
  readonly cascadeTimeoutMs?: number
  /** About how long it takes if that is over 2 s; long ones begin first. */
  readonly lastsMs?: number
  readonly play: (stage: Stage) => Promise<void>
}
