import { defineConfig } from 'vitest/config'
import { createFaultReporter } from './test/support/fault-reporter.ts'

export default defineConfig({
  test: {
    include: ['test/faults/*.fault.ts'],
    testTimeout: 40_000,
    hookTimeout: 30_000,
    // Most of them wait: for a time to pass, or for a process to be taken for dead.
    maxConcurrency: 4,
    maxWorkers: 2,
    reporters: ['default', createFaultReporter()],
  },
})
