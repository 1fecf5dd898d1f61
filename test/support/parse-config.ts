import { parseConfig } from '../../src/config/load.ts'

/** The smallest configuration without a warning. */
export const MINIMAL = `version: 1
auth: { signing_secret: 0123456789abcdef }
upstreams:
  main: { base_url: https://llm.example/v1, model: small }
flow:
  name: minimal
  starting_state: talk
  states:
    talk: { state_prompt: Talk. }
`

interface Parsing {
  readonly environment?: Readonly<Record<string, string>>
  readonly host?: string
  readonly files?: Readonly<Record<string, string>>
}

/** Parses a text as the configuration of /etc/turnstate/t.yaml, beside which there are only `files`. */
export function parse(text: string, { environment = {}, host, files = {} }: Parsing = {}) {
  const readFile = (file: string) => {
    const found = files[file]
    return found === undefined
      ? { ok: false as const, message: 'cannot be read: there is no such file' }
      : { ok: true as const, text: found }
  }
  return parseConfig({ text, file: '/etc/turnstate/t.yaml', environment, host, readFile })
}

/** Each problem as `LINE:COLUMN severity PATH: MESSAGE`. */
export function problemsOf(loaded: ReturnType<typeof parseConfig>): readonly string[] {
  const problems = loaded.ok ? loaded.warnings : loaded.problems
  return problems.map(
    ({ line, column, severity, path, message }) =>
      `${line}:${column} ${severity} ${path}: ${message}`,
  )
}

export function configOf(loaded: ReturnType<typeof parseConfig>) {
  if (!loaded.ok) throw new Error(problemsOf(loaded).join('\n'))
  return loaded.config
}
