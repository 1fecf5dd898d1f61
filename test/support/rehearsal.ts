import { runRehearse } from '../../src/cli/rehearse.ts'

interface Reported {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly notes: readonly string[]
  readonly scenarios: readonly {
    readonly name: string
    readonly verdict: string
    readonly reason: string | null
    readonly faults: readonly { readonly what: string; readonly consequence: string }[]
  }[]
}

interface Rehearsed {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What went wrong in the scenarios that failed, by their names. */
  readonly faultsOf: Readonly<Record<string, string>>
  readonly report: Reported
}

/** Runs the command and reads the JSON that it prints. */
export async function rehearse(...args: readonly string[]): Promise<Rehearsed> {
  const out = { stdout: '', stderr: '' }
  const code = await runRehearse([...args, '--json'], {
    stdout: (text) => (out.stdout += text),
    stderr: (text) => (out.stderr += text),
  })
  const report = JSON.parse(out.stdout) as Reported // the form is what the test is about
  const failed = report.scenarios.filter(({ verdict }) => verdict === 'failed')
  const faultsOf = Object.fromEntries(
    failed.map(({ name, faults }) => [name, faults.map(({ what }) => what).join('; ')]),
  )
  return { ...out, code, report, faultsOf }
}
