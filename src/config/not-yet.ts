/** A setting that is accepted although this version does not act on it. */
interface NotYet {
  /** Keys from the top of the file; `*` stands for any one key or index. */
  readonly path: string
  /** Only when the setting has this value. */
  readonly value?: unknown
  readonly consequence: string
}

/** Delete a line here once the setting takes effect. */
export const NOT_YET: readonly NotYet[] = [
  { path: 'routing.hedge', consequence: 'no second upstream is started early' },
  { path: 'elevenlabs', consequence: 'no signed URLs are given out' },
]
