import { parseArgs } from 'node:util'
import { chooseScenarios, SCENARIOS } from '../emulator/rehearsal/all-scenarios.ts'
import {
  startControlledUpstream,
  type ControlledUpstream,
} from '../emulator/rehearsal/controlled-upstream.ts'
import { rehearse } from '../emulator/rehearsal/rehearse.ts'
import {
  progressLine,
  reportJson,
  reportTable,
  scenarioList,
} from '../emulator/rehearsal/report.ts'
import type { Scenario } from '../emulator/rehearsal/scenario.ts'
import { shownUrl, toTarget, type Target } from '../emulator/rehearsal/target.ts'

interface RehearseIo {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

const USAGE = `usage: turnstate rehearse URL [--key SECRET] [--model ID] [--only 3,8,silence] [--json] [--strict]
                          [--cascade-timeout SECONDS] [--upstream-port PORT]
       turnstate rehearse --list
`
const DEFAULT_MODEL = 'rehearsal'
const DEFAULT_CASCADE_SECONDS = '4'

interface Choices {
  readonly target: Target
  readonly scenarios: readonly Scenario[]
  readonly cascadeTimeoutMs: number
  readonly strict: boolean
  readonly isJson: boolean
  readonly upstreamPort: number | null
}

/**
 * Plays what platforms do at a Custom LLM server and prints a report. Exit code: 1 if a scenario failed
 * or the server cannot be reached, 2 for wrong usage.
 */
export async function runRehearse(args: readonly string[], io: RehearseIo): Promise<number> {
  const flags = parseFlags(args)
  if (flags?.values.list === true) {
    io.stdout(scenarioList(SCENARIOS))
    return 0
  }
  const choices = flags ? readChoices(flags) : USAGE
  if (typeof choices === 'string') {
    io.stderr(choices)
    return 2
  }
  const upstream = await startUpstream(choices.upstreamPort)
  if (upstream === 'taken') {
    io.stderr(
      `Cannot listen on 127.0.0.1:${String(choices.upstreamPort)}. Choose another --upstream-port.\n`,
    )
    return 1
  }
  try {
    return await playAndReport(choices, upstream, io)
  } finally {
    await upstream?.close()
  }
}

async function playAndReport(
  { target, isJson, ...choices }: Choices,
  upstream: ControlledUpstream | null,
  io: RehearseIo,
): Promise<number> {
  const startedAt = performance.now()
  const progress = isJson ? io.stderr : io.stdout
  const result = await rehearse({
    ...choices,
    target,
    upstream,
    // Ctrl-C ends the process, and everything with it.
    signal: new AbortController().signal,
    onOutcome: (outcome) => progress(progressLine(outcome)),
  })
  const url = shownUrl(target)
  if (!result.ok) {
    io.stderr(`${url}: ${result.message}\n`)
    return 1
  }
  const facts = { url, notes: result.notes, durationMs: performance.now() - startedAt }
  io.stdout((isJson ? reportJson : reportTable)(result.outcomes, facts))
  return result.outcomes.some(({ verdict }) => verdict === 'failed') ? 1 : 0
}

function parseFlags(args: readonly string[]) {
  try {
    const options = {
      key: { type: 'string' },
      model: { type: 'string', default: DEFAULT_MODEL },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      'cascade-timeout': { type: 'string', default: DEFAULT_CASCADE_SECONDS },
      'upstream-port': { type: 'string' },
    } as const
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch {
    return null
  }
}

/** A text says what is wrong with the usage. */
function readChoices({
  values,
  positionals,
}: NonNullable<ReturnType<typeof parseFlags>>): Choices | string {
  const [url, ...others] = positionals
  if (url === undefined || others.length > 0) return USAGE
  const target = toTarget(url, { model: values.model, key: values.key })
  if (!target) return `error: the URL must begin with http:// or https://\n${USAGE}`
  if (values.key !== undefined && !/^[!-~]+$/.test(values.key)) {
    return `error: --key: must be printable ASCII without spaces\n${USAGE}`
  }
  const scenarios = values.only === undefined ? SCENARIOS : chooseScenarios(values.only)
  if (!scenarios) return `error: --only: takes numbers and names of --list\n${USAGE}`
  const seconds = Number(values['cascade-timeout'])
  if (!(seconds >= 3 && seconds <= 15)) {
    return `error: --cascade-timeout: must be a number of seconds from 3 to 15\n${USAGE}`
  }
  const port = values['upstream-port'] === undefined ? null : Number(values['upstream-port'])
  if (port !== null && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    return `error: --upstream-port: must be a whole number from 1 to 65535\n${USAGE}`
  }
  return {
    target,
    scenarios,
    cascadeTimeoutMs: seconds * 1000,
    strict: values.strict,
    isJson: values.json,
    upstreamPort: port,
  }
}

async function startUpstream(port: number | null): Promise<ControlledUpstream | 'taken' | null> {
  if (port === null) return null
  try {
    return await startControlledUpstream(port)
  } catch {
    return 'taken'
  }
}
