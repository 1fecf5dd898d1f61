/** A setting that is accepted although this version does not act on it. */
interface NotYet {
  /** Keys from the top of the file; `*` stands for any one key or index. */
  readonly path: string
  /** Only when the setting has this value. */
  readonly value?: unknown
  readonly consequence: string
  /** An error where ignoring the setting would be dangerous. */
  readonly isDangerous?: true
}

const AS_WRITTEN = 'text is spoken as the model wrote it'
const AS_USUAL = 'requests are sent in their usual form'

/** Delete a line here once the setting takes effect. */
export const NOT_YET: readonly NotYet[] = [
  { path: 'routing.hedge', consequence: 'no second upstream is started early' },
  {
    path: 'filler',
    consequence: 'nothing is said while the caller waits; heard texts count as fillers',
  },
  { path: 'speech.strip_markdown', value: true, consequence: AS_WRITTEN },
  { path: 'speech.strip_think', value: true, consequence: AS_WRITTEN },
  { path: 'elevenlabs', consequence: 'no signed URLs are given out' },
  { path: 'mcp', consequence: 'no MCP server is asked' },
  { path: 'webhooks.signing_secret', consequence: 'webhook calls are not signed' },
  { path: 'upstreams.*.compat.*', value: 'merge_roles', consequence: AS_USUAL },
  { path: 'upstreams.*.compat.*', value: 'user_first', consequence: AS_USUAL },
  { path: 'upstreams.*.compat.*', value: 'no_trailing_assistant', consequence: AS_USUAL },
  { path: 'tools.*.type', value: 'mcp', consequence: 'the model is not offered this tool' },
  { path: 'tools.*.prefetch', value: true, consequence: 'the tool runs when it is called' },
  {
    path: 'tools.*.execution_message',
    consequence: 'not said before the tool runs; heard, it counts as a filler',
  },
  { path: 'tools.*.settle_ms', consequence: 'the tool runs when it is called' },
  { path: 'tools.*.idempotent', value: true, consequence: 'no call is made a second time' },
  { path: 'tools.*.readback', consequence: 'nothing is read back' },
  { path: 'tools.*.compensate', consequence: 'nothing is undone' },
  {
    path: 'tools.*.commit',
    value: 'settled',
    consequence: 'the tool runs when it is called',
  },
  {
    path: 'tools.*.commit',
    value: 'confirmed',
    consequence: "the tool would run without the caller's yes; remove the tool or its commit rule",
    isDangerous: true,
  },
  {
    path: 'store.type',
    value: 'redis',
    consequence: 'conversations would be kept in memory only; use type: memory or none',
    isDangerous: true,
  },
]
