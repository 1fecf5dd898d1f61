/** A setting that is accepted although this version does not act on it. */
interface NotYet {
  /** Keys from the top of the file. */
  readonly path: readonly string[]
  readonly consequence: string
}

/** Delete a line here once the setting takes effect. */
export const NOT_YET: readonly NotYet[] = [
  { path: ['elevenlabs'], consequence: 'no signed URLs are given out' },
]
