import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

interface Case {
  readonly name: string
  /** Empty: not told apart. */
  readonly kinds: readonly string[]
}

/** The table of cases in `docs/ARCHITECTURE.md`. */
function readCases(): readonly Case[] {
  const text = readFileSync(join(import.meta.dirname, '../docs/ARCHITECTURE.md'), 'utf8')
  const [, table = ''] = text.split(/^\| name +\| what was seen +\| kind .*\n.*\n/m)
  const [rows = ''] = table.split('\n\n')
  return rows.split('\n').map((row) => {
    const [, name = '', , kinds = ''] = row.split('|').map((cell) => cell.trim())
    return {
      name: name.replaceAll('`', ''),
      kinds: [...kinds.matchAll(/`(\w+)`/g)].map(([, kind = '']) => kind),
    }
  })
}

/** The tests that are named after a case. */
function readTests(): readonly { readonly name: string; readonly text: string }[] {
  const folder = join(import.meta.dirname, 'end-to-end')
  const files = readdirSync(folder).filter((file) => file.startsWith('request-kinds-'))
  const tests = files.flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split(/^ {2}it\('/m)
      .slice(1),
  )
  return tests.map((text) => ({ name: /^\w+(?=: )/.exec(text)?.[0] ?? text, text }))
}

describe('the cases that the architecture document lists', () => {
  const cases = readCases()
  const tests = readTests()

  it('have one test each, but for the one that is not told apart', () => {
    const tested = cases.filter(({ kinds }) => kinds.length > 0).map(({ name }) => name)
    expect(tests.map(({ name }) => name).sort()).toEqual(tested.sort())
    const others = cases.filter(({ kinds }) => kinds.length === 0).map(({ name }) => name)
    expect(others).toEqual(['stale_session'])
  })

  it('are of kinds that their tests expect', () => {
    for (const { name, text } of tests) {
      const kinds = cases.find((it) => it.name === name)?.kinds ?? []
      for (const kind of kinds) expect(text, `${name} is ${kind}`).toContain(`'${kind}'`)
    }
  })
})
