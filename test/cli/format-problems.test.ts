import { expect, it } from 'vitest'
import { formatProblems } from '../../src/cli/format-problems.ts'

it('replaces what a terminal would obey and what turns text around', () => {
  const problem = { severity: 'error', file: 'a.yaml', line: 2, column: 3, path: 'flow' } as const
  const message = 'x\u001b[31m \u009b \u202etxt\u2066 \ud800 \ufeff é 日本'
  expect(formatProblems([{ ...problem, message }])).toBe(
    'a.yaml:2:3: error: flow: x?[31m ? ?txt? ? ? é 日本\n',
  )
})
