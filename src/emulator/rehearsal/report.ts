import type { Outcome } from './play.ts'
import type { Scenario } from './scenario.ts'

export interface ReportFacts {
  /** As it may be shown: without secrets. */
  readonly url: string
  /** What could not be checked, and why. */
  readonly notes: readonly string[]
  readonly durationMs: number
}

const MARKS = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' } as const

/** One line for a scenario that has just ended. */
export function progressLine({ scenario, verdict, faults, reason }: Outcome): string {
  const why = faults[0]?.what ?? reason
  return `${MARKS[verdict]}  ${labelOf(scenario)}${why === null ? '' : `: ${why}`}\n`
}

/** The table at the end, with what the platform would have done to each failed call. */
export function reportTable(outcomes: readonly Outcome[], facts: ReportFacts): string {
  const rows = outcomes.map((outcome) => [
    String(outcome.scenario.number),
    outcome.scenario.name,
    outcome.verdict,
    outcome.firstOutputMs === null ? '-' : `${Math.round(outcome.firstOutputMs)} ms`,
    String(outcome.requests),
    outcome.scenario.title,
  ])
  const header = ['#', 'scenario', 'verdict', 'first text', 'requests', 'what is played']
  return [
    '',
    ...table([header, ...rows]),
    ...outcomes.flatMap(details),
    '',
    ...facts.notes.map((note) => `note: ${note}`),
    `${facts.url}: ${summary(outcomes)} in ${(facts.durationMs / 1000).toFixed(1)} s`,
    '',
  ].join('\n')
}

export function reportJson(outcomes: readonly Outcome[], facts: ReportFacts): string {
  const body = {
    url: facts.url,
    passed: count(outcomes, 'passed'),
    failed: count(outcomes, 'failed'),
    skipped: count(outcomes, 'skipped'),
    duration_ms: Math.round(facts.durationMs),
    notes: facts.notes,
    scenarios: outcomes.map(({ scenario, verdict, reason, faults, firstOutputMs, requests }) => ({
      number: scenario.number,
      name: scenario.name,
      title: scenario.title,
      verdict,
      reason,
      first_text_ms: firstOutputMs === null ? null : Math.round(firstOutputMs),
      requests,
      faults,
    })),
  }
  return `${JSON.stringify(body, null, 2)}\n`
}

/** What `--list` prints. */
export function scenarioList(scenarios: readonly Scenario[]): string {
  const rows = scenarios.map(({ number, name, title }) => [String(number), name, title])
  return `${table(rows).join('\n')}\n`
}

function details({ scenario, faults, reason }: Outcome): readonly string[] {
  if (faults.length > 0) {
    return [
      '',
      `FAIL ${labelOf(scenario)}`,
      ...faults.flatMap(({ what, consequence }) => [`  ${what}`, `  -> ${consequence}`]),
    ]
  }
  return reason === null ? [] : ['', `skip ${labelOf(scenario)}`, `  ${reason}`]
}

function labelOf({ number, name }: Scenario): string {
  return `${number} ${name}`
}

function summary(outcomes: readonly Outcome[]): string {
  return [
    `${count(outcomes, 'passed')} passed`,
    `${count(outcomes, 'failed')} failed`,
    `${count(outcomes, 'skipped')} skipped`,
  ].join(', ')
}

function count(outcomes: readonly Outcome[], verdict: Outcome['verdict']): number {
  return outcomes.filter((outcome) => outcome.verdict === verdict).length
}

/** Columns as wide as their widest cell. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
