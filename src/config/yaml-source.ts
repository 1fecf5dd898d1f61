import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, Parser } from 'yaml'
import type { CST, Document, Node, YAMLError } from 'yaml'
import type { Finding } from './problem.ts'

interface Position {
  readonly line: number
  readonly column: number
}

/** A YAML text as plain values that can still say where each of them stands. */
export interface YamlSource {
  /** Undefined if the text is no YAML that could be read. */
  readonly value: unknown
  readonly problems: readonly (Position & { readonly message: string })[]
  positionOf(finding: Pick<Finding, 'path' | 'atKey'>): Position
}

const START: Position = { line: 1, column: 1 }
const MAX_DEPTH = 100
const MAX_ALIASES = 100
const MAX_SYNTAX_PROBLEMS = 20

/** Never throws, whatever the text. */
export function readYaml(text: string): YamlSource {
  if (isTooDeep(text)) return unreadable(`the file is nested more than ${MAX_DEPTH} levels deep`)
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    resolveKnownTags: false,
    logLevel: 'error',
  })
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const problems = [...document.errors, ...document.warnings]
    .slice(0, MAX_SYNTAX_PROBLEMS)
    .map((problem) => ({ ...at(problem.pos[0]), message: messageOf(problem) }))
  // A key that stands twice leaves the rest of the file as it is; other errors leave guesswork.
  const isReadable = document.errors.every((error) => error.code === 'DUPLICATE_KEY')
  if (!isReadable) return { value: undefined, problems, positionOf: () => START }
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES })
    if (isEndless(value)) return unreadable('the file has an alias that contains itself')
    if (value === null && problems.length === 0) return unreadable('the file is empty')
    return { value, problems, positionOf: (finding) => positionIn(document, finding, at) }
  } catch {
    return unreadable(
      `the file has aliases that expand to more than ${MAX_ALIASES} copies of one value`,
    )
  }
}

function unreadable(message: string): YamlSource {
  return { value: undefined, problems: [{ ...START, message }], positionOf: () => START }
}

function messageOf(error: YAMLError): string {
  if (error.code === 'DUPLICATE_KEY') return 'this key stands twice in the same mapping'
  if (error.code === 'MULTIPLE_DOCS') return 'the file must hold one YAML document'
  return `not valid YAML: ${error.message}`
}

/** The composer recurses, and a stack that overflows inside it can end the process. */
function isTooDeep(text: string): boolean {
  const open: { token: CST.Token; depth: number }[] = []
  for (const token of new Parser().parse(text)) open.push({ token, depth: 0 })
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > MAX_DEPTH) return true
    for (const child of childrenOf(next.token)) open.push({ token: child, depth: next.depth + 1 })
  }
  return false
}

function childrenOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value ? [token.value] : []
  if (!('items' in token)) return []
  return token.items.flatMap((item) => [item.key, item.value].filter((part) => part != null))
}

/** True for cycles, and for chains of aliases that nest too deep to be walked. */
function isEndless(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth > MAX_DEPTH) return true
  return Object.values(value).some((child) => isEndless(child, depth + 1))
}

type Locate = (offset: number) => Position

/** Of the value at the path; of the last key on the way to it, if the value is not there. */
function positionIn(
  document: Document.Parsed,
  { path, atKey }: Pick<Finding, 'path' | 'atKey'>,
  at: Locate,
): Position {
  let node = resolve(document, document.contents)
  let found = node?.range?.[0] ?? 0
  for (const [index, part] of path.entries()) {
    const child = childOf(node, part)
    if (!child) return at(found)
    const isLast = index === path.length - 1
    node = resolve(document, child.value)
    const value = child.value?.range?.[0]
    found = (isLast && !atKey ? value : child.key) ?? value ?? found
  }
  return at(found)
}

interface Child {
  /** Offset of the key; unset in a list. */
  readonly key: number | undefined
  readonly value: Node | null
}

function childOf(node: Node | null, part: string | number): Child | undefined {
  if (isSeq<Node>(node) && typeof part === 'number') {
    const value = node.items[part]
    return value && { key: undefined, value }
  }
  if (!isMap<Node, Node | null>(node)) return undefined
  const pair = node.items.findLast((item) => keyText(item.key) === String(part))
  return pair && { key: pair.key.range?.[0], value: pair.value }
}

function keyText(key: Node): string | undefined {
  // As the values' own keys are made: a null key is the empty one.
  return isScalar<string | number | boolean | null>(key) ? String(key.value ?? '') : undefined
}

function resolve(document: Document.Parsed, node: Node | null): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node
}
