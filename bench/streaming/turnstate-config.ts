import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

const DEMO = new URL('../../demo/clinic.yaml', import.meta.url)

export const MAX_SOCKETS = 10_000

/** What a case wants to be different. */
export interface ConfigChange {
  readonly upstreams?: readonly string[]
  readonly routing?: Readonly<Record<string, unknown>>
}

/** The demo's flow with its states, edges and tools, in front of the benchmark's model. */
export function turnstateConfig(modelPort: number, change: ConfigChange = {}): object {
  const demo = parse(readFileSync(DEMO, 'utf8')) as Readonly<Record<string, unknown>> // it is a mapping
  const { upstreams = ['model'], routing } = change
  const base = `http://127.0.0.1:${modelPort}`
  return {
    ...demo,
    upstreams: Object.fromEntries(
      upstreams.map((name) => [name, { base_url: `${base}/${name}/v1`, model: 'gpt-4.1-mini' }]),
    ),
    ...(routing && { routing }),
    // All of the benchmark's callers at once, and those who are about to leave.
    limits: { max_concurrent_turns: 4000, max_sockets: MAX_SOCKETS },
  }
}
