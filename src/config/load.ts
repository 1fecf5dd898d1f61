import { dirname, join, resolve } from 'node:path'
import type { Flow } from '../flow/definition.ts'
import type { ConfiguredUpstream } from '../upstream/create-upstreams.ts'
import { Script } from '../upstream/script.ts'
import { checkConfig, lintConfig } from './check-config.ts'
import { checkNames } from './check-names.ts'
import type { Environment } from './environment-values.ts'
import { parseFile, type ParsedFile } from './parse-file.ts'
import { valueAtPath } from './plain-value.ts'
import type { Finding, Problem } from './problem.ts'
import { readText, type FileText } from './read-file.ts'
import { ConfigFile, type Config } from './schema.ts'
import type { Placeholder } from './tolerant-parse.ts'

export interface ConfigSource {
  readonly text: string
  /** Where the text comes from: named in problems, and the place from which it names other files. */
  readonly file: string
  readonly environment: Environment
  /** Where the server will listen; without it, keys are not asked for. */
  readonly host?: string | undefined
  /** Reads the files that the configuration names. */
  readonly readFile?: (file: string) => FileText
}

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** The process's environment; the one place that touches it. */
export function processEnvironment(): Environment {
  return process.env
}

/** Reads and checks a configuration file; every problem at once, errors and warnings. Never throws. */
export function loadConfig(source: Omit<ConfigSource, 'text'>): LoadedConfig {
  const read = (source.readFile ?? readText)(source.file)
  return read.ok
    ? parseConfig({ ...source, text: read.text })
    : { ok: false, problems: [unreadable(source.file, read.message)] }
}

/** Like `loadConfig`, for a text that is already there. */
export function parseConfig(source: ConfigSource): LoadedConfig {
  const parsed = parseFile(ConfigFile, { ...source, placeholders: PLACEHOLDERS })
  const scripts = readScripts(parsed, source)
  const found = [...checkNames(parsed.written), ...checked(parsed, source.host)]
  const problems = parsed.locate([...found, ...scripts.findings])
  const all = [...problems, ...scripts.problems]
  if (!parsed.value || all.some((problem) => problem.severity === 'error')) {
    return { ok: false, problems: all }
  }
  const upstreams = Object.entries(parsed.value.upstreams).map(
    ([name, upstream]): [string, ConfiguredUpstream] => [
      name,
      upstream.type === 'scripted'
        ? { type: 'scripted', script: scripts.byUpstream.get(name) ?? [] }
        : upstream,
    ],
  )
  const config = { ...parsed.value, upstreams: Object.fromEntries(upstreams) }
  return { ok: true, config, warnings: all }
}

export type LoadedFlow =
  | { readonly ok: true; readonly flow: Flow }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Only the flow of a configuration file; needs nothing of the environment. Never throws. */
export function loadFlow(file: string): LoadedFlow {
  const read = readText(file)
  if (!read.ok) return { ok: false, problems: [unreadable(file, read.message)] }
  const parsed = parseFile(ConfigFile.pick({ flow: true }).loose(), { text: read.text, file })
  const problems = parsed.locate(checkNames(parsed.written))
  if (!parsed.value || problems.length > 0) return { ok: false, problems }
  return { ok: true, flow: parsed.value.flow }
}

const NO_UPSTREAM = { base_url: 'https://upstream.invalid', model: 'none' }

/** Broken entries keep their names, so that edges, tool lists and routing are not blamed for them. */
const PLACEHOLDERS: readonly Placeholder[] = [
  { path: 'version', value: 1 },
  { path: 'flow.name', value: 'unnamed' },
  { path: 'flow.states.*', value: {} },
  { path: 'flow.variables.*', value: {} },
  { path: 'tools.*', value: { type: 'static', result: '' } },
  { path: 'upstreams', value: { none: NO_UPSTREAM } },
  { path: 'upstreams.*', value: NO_UPSTREAM },
  { path: 'mcp.*', value: { url: 'https://mcp.invalid' } },
]

function checked(parsed: ParsedFile<ConfigFile>, host: string | undefined): readonly Finding[] {
  if (!parsed.value) return []
  // Keys that are broken were left out of the value, and yet the server is not meant to be open.
  const keys = valueAtPath(parsed.written, ['auth', 'keys'])
  const isOpen = !Array.isArray(keys) || keys.length === 0
  const found = checkConfig(parsed.value, isOpen ? host : undefined)
  const all = parsed.fits ? [...found, ...lintConfig(parsed.value)] : found
  return all.map((finding) => ({ ...finding, path: parsed.originalPath(finding.path) }))
}

interface Scripts {
  readonly byUpstream: ReadonlyMap<string, Script>
  readonly findings: readonly Finding[]
  readonly problems: readonly Problem[]
}

function readScripts(parsed: ParsedFile<ConfigFile>, source: ConfigSource): Scripts {
  const byUpstream = new Map<string, Script>()
  const findings: Finding[] = []
  const problems: Problem[] = []
  for (const [name, upstream] of Object.entries(parsed.value?.upstreams ?? {})) {
    if (upstream.type !== 'scripted') continue
    const folder = dirname(source.file)
    const read = (source.readFile ?? readText)(resolve(folder, upstream.script))
    if (!read.ok) {
      const path = ['upstreams', name, 'script']
      findings.push({ path, severity: 'error', message: read.message })
      continue
    }
    const { environment } = source
    const file = join(folder, upstream.script)
    const script = parseFile(Script, { text: read.text, file, environment })
    problems.push(...script.locate([]))
    if (script.value) byUpstream.set(name, script.value)
  }
  return { byUpstream, findings, problems }
}

function unreadable(file: string, message: string): Problem {
  return { severity: 'error', file, line: 0, column: 0, path: '', message }
}
