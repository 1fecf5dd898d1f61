import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

/** What each room may import; `docs/ARCHITECTURE.md` says why. Changing this takes an ADR. */
const LEAVES = ['errors', 'json-spans', 'sse', 'observability'] as const
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  'json-spans': [],
  sse: [],
  observability: [],
  'canonical-json': [],
  'until-aborted': [],
  speech: [],
  demo: [],
  emulator: ['errors', 'sse'],
  flow: ['errors'],
  store: ['errors', 'observability'],
  conversation: ['errors', 'json-spans', 'canonical-json', 'flow'],
  tools: ['errors', 'flow', 'observability'],
  effects: ['errors', 'canonical-json', 'flow', 'store', 'tools', 'observability'],
  upstream: [...LEAVES, 'until-aborted'],
  turn: [
    'errors',
    'canonical-json',
    'until-aborted',
    'observability',
    'flow',
    'conversation',
    'store',
    'tools',
    'effects',
    'speech',
    'upstream',
  ],
  routes: [...LEAVES, 'turn'],
  config: [
    'flow',
    'conversation',
    'effects',
    'store',
    'tools',
    'upstream',
    'turn',
    'routes',
    'observability',
  ],
  app: ['observability', 'turn', 'routes'],
  service: [
    'app',
    'config',
    'conversation',
    'effects',
    'flow',
    'observability',
    'store',
    'tools',
    'turn',
    'upstream',
  ],
  cli: ['config', 'demo', 'emulator', 'flow', 'observability', 'service', 'upstream'],
  main: ['cli', 'config'],
}

/** Rooms that decide: no clock, no I/O, no environment. */
const PURE = ['flow', 'conversation', 'speech']

const SOURCE = join(import.meta.dirname, '../src')

interface SourceFile {
  readonly path: string
  readonly room: string
  readonly text: string
}

function roomOf(path: string): string {
  return (path.split('/')[0] ?? '').replace(/\.ts$/, '')
}

const files: readonly SourceFile[] = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, room: roomOf(path), text: readFileSync(join(SOURCE, path), 'utf8') }))

function importsIn(text: string): readonly string[] {
  return ts.preProcessFile(text).importedFiles.map((file) => file.fileName)
}

it.each([
  ["import { a } from './x.ts'"],
  ["import type { A } from './x.ts'"],
  ["export * from './x.ts'"],
  ["import {\n  a,\n} from './x.ts'"],
  ["import './x.ts'"],
  ["const x = await import('./x.ts')"],
  ['import("./x.ts")'],
  ['void import(\n  `./x.ts`,\n)'],
  ["let x: import('./x.ts').X"],
])('an import is seen: %j', (text) => expect(importsIn(text)).toEqual(['./x.ts']))

describe('the rooms of src', () => {
  it('are those of the table', () => {
    expect([...new Set(files.map((file) => file.room))].sort()).toEqual(Object.keys(ROOMS).sort())
  })

  it('import one another only as the table allows', () => {
    const wrong = files.flatMap((file) =>
      importsIn(file.text)
        .filter((target) => target.startsWith('.'))
        .map((target) => roomOf(posix.join(posix.dirname(file.path), target)))
        .filter((room) => room !== file.room && !ROOMS[file.room]?.includes(room))
        .map((room) => `${file.path} imports ${room}`),
    )
    expect(wrong).toEqual([])
  })

  it('depend on one another in one direction', () => {
    const sorted: string[] = []
    const visit = (room: string, above: readonly string[]): void => {
      if (above.includes(room)) throw new Error(`cycle: ${[...above, room].join(' -> ')}`)
      if (sorted.includes(room)) return
      for (const below of ROOMS[room] ?? []) visit(below, [...above, room])
      sorted.push(room)
    }
    for (const room of Object.keys(ROOMS)) visit(room, [])
    expect(sorted).toHaveLength(Object.keys(ROOMS).length)
  })

  it('that decide use no clock, no randomness and no I/O', () => {
    const forbidden =
      /Date\.now|new Date\(\)|performance\.|Math\.random|randomUUID|randomBytes|setTimeout|setInterval|process\.|fetch\(/
    const pure = files.filter((file) => PURE.includes(file.room))
    const impure = pure.filter((file) => forbidden.test(file.text))
    expect(impure.map((file) => file.path)).toEqual([])
    const packages = new Set(pure.flatMap((file) => importsIn(file.text)))
    expect([...packages].filter((name) => !name.startsWith('.')).sort()).toEqual([
      'node:crypto',
      'zod',
    ])
  })

  it('hold small files', () => {
    const long = files.filter((file) => file.text.split('\n').length > 320)
    expect(long.map((file) => file.path)).toEqual([])
  })
})
