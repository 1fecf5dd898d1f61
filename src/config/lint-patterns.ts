import { comparisonsOf, edgePlaces } from '../flow/flow-places.ts'
import { hasNestedQuantifier } from './nested-quantifier.ts'
import { isRecord } from './plain-value.ts'
import type { Path } from './problem.ts'
import type { ConfigFile } from './schema.ts'

interface Pattern {
  readonly path: Path
  readonly source: string
}

const MESSAGE =
  'repeats a group that ends in a repetition, such as (a+)+; a text that almost matches could keep the server busy for long'

/** Regular expressions that a caller's words, the prompt or a model's arguments could make slow. */
export function lintPatterns(
  config: ConfigFile,
): readonly { readonly path: Path; readonly message: string }[] {
  return [...inConditions(config), ...inKeySources(config), ...inSchemas(config)]
    .filter(({ source }) => hasNestedQuantifier(source))
    .map(({ path }) => ({ path, message: MESSAGE }))
}

function inConditions({ flow }: ConfigFile): readonly Pattern[] {
  return edgePlaces(flow).flatMap(({ edge, path }) =>
    comparisonsOf(edge.when, [...path, 'when']).flatMap(({ comparison, path: at }) =>
      comparison.op === 'matches' && typeof comparison.value === 'string'
        ? [{ path: [...at, 'value'], source: comparison.value }]
        : [],
    ),
  )
}

function inKeySources({ conversation }: ConfigFile): readonly Pattern[] {
  return conversation.key.flatMap((source, index) =>
    source.startsWith('system:')
      ? [{ path: ['conversation', 'key', index], source: source.slice('system:'.length) }]
      : [],
  )
}

function inSchemas({ flow, tools }: ConfigFile): readonly Pattern[] {
  return [
    ...Object.entries(tools).flatMap(([name, { parameters }]) =>
      inSchema(parameters, ['tools', name, 'parameters']),
    ),
    ...edgePlaces(flow).flatMap(({ edge, path }) =>
      edge.when.type === 'llm'
        ? inSchema(edge.when.parameters, [...path, 'when', 'parameters'])
        : [],
    ),
  ]
}

function inSchema(schema: unknown, path: Path): readonly Pattern[] {
  if (Array.isArray(schema)) {
    return schema.flatMap((each: unknown, index) => inSchema(each, [...path, index]))
  }
  if (!isRecord(schema)) return []
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'pattern' && typeof value === 'string'
      ? [{ path: [...path, key], source: value }]
      : inSchema(value, [...path, key]),
  )
}
