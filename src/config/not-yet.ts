/** A setting that is accepted although this version does not act on it. */
interface NotYet {
  /** Keys from the top of the file; `*` stands for any one key or index. */
  readonly path: string
  /** Only when the setting has this value. */
  readonly value?: unknown
  readonly consequence: string
}

const AS_WRITTEN = 'text is spoken as the model wrote it'
const AS_USUAL = 'requests are sent in their usual form'

/** Delete a line here once the setting takes effect. */
export const NOT_YET: readonly NotYet[] = [
  { path: 'routing.hedge', consequence: 'no second upstream is started early' },
  {
    path: 'filler',
    consequence:
      'it is only said while another instance answers the same request; heard texts count as fillers',
  },
  { path: 'speech.strip_markdown', value: true, consequence: AS_WRITTEN },
  { path: 'speech.strip_think', value: true, consequence: AS_WRITTEN },
  { path: 'elevenlabs', consequence: 'no signed URLs are given out' },
  { path: 'upstreams.*.compat.*', value: 'merge_roles', consequence: AS_USUAL },
  { path: 'upstreams.*.compat.*', value: 'user_first', consequence: AS_USUAL },
  { path: 'upstreams.*.compat.*', value: 'no_trailing_assistant', consequence: AS_USUAL },
]
