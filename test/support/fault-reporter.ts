import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Reporter, TestModule, TestRunEndReason, Vitest } from 'vitest/node'
import { hasTable, toTable, withTable } from './fault-table.ts'
// What the cases leave with their tests is declared there.
import type {} from './fault-case.ts'

const DOCUMENT = fileURLToPath(new URL('../../docs/RELIABILITY.md', import.meta.url))

/** Prints the table, and holds the document's against it; `--update` writes it there instead. */
export function createFaultReporter(): Reporter {
  let vitest: Vitest | undefined
  return {
    onInit: (running) => void (vitest = running),
    async onTestRunEnd(modules, _errors, reason) {
      if (!vitest) return
      const results = resultsOf(modules)
      vitest.logger.log(`\n${toTable(results)}\n`)
      // A part of the cases says nothing of the table.
      const all = await vitest.globTestSpecifications()
      if (modules.length < all.length || !havePassed(modules, reason)) return
      if (vitest.config.snapshotOptions.updateSnapshot === 'all') write(toTable(results))
      else if (!hasTable(readFileSync(DOCUMENT, 'utf8'), toTable(results))) {
        vitest.logger.error(
          'docs/RELIABILITY.md has another table: npm run test:faults -- --update',
        )
        process.exitCode = 1
      }
    },
  }
}

function resultsOf(modules: readonly TestModule[]) {
  return modules
    .toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1))
    .flatMap((module) => [...module.children.allTests()])
    .flatMap((test) => test.meta().fault ?? [])
}

function havePassed(modules: readonly TestModule[], reason: TestRunEndReason): boolean {
  return (
    reason === 'passed' &&
    modules.every((module) =>
      [...module.children.allTests()].every((test) => test.result().state === 'passed'),
    )
  )
}

function write(table: string): void {
  const machine = `Node ${process.version}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}`
  const date = new Date().toISOString().slice(0, 10)
  const measured = `Measured by \`npm run test:faults\` on ${date} with ${machine}.`
  const document = withTable(readFileSync(DOCUMENT, 'utf8'), table, measured)
  if (document === null) throw new Error('docs/RELIABILITY.md has no place for the table')
  writeFileSync(DOCUMENT, document)
}
